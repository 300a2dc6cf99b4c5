import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blockedInWords,
  type Finding,
  judgeWork,
  scannable,
  type WorkFacts,
} from '../../src/domain/guard.js';
import { type GuardKeys, mergeProfiles } from '../../src/domain/profile.js';

const policyOf = (guard: GuardKeys = {}) => mergeProfiles('p', [{ guard }]).guard;
/** Prefixes instead of globs: globs have their own tests. */
const matchPaths = (globs: readonly string[]) => (path: string) =>
  globs.some((glob) => `/${path}`.startsWith(glob));

const change = (path: string, oid?: string) => ({ commit: 'c1', path, oid });
const facts = (more: Partial<WorkFacts> = {}): WorkFacts => ({
  commits: new Map([['c1', 200]]),
  blobs: new Map(),
  changes: [],
  difference: [],
  isCut: false,
  ...more,
});
const rulesOf = (more: Partial<WorkFacts>, guard?: GuardKeys) =>
  judgeWork(facts(more), policyOf(guard), matchPaths).map(({ rule, path }) =>
    path ? `${rule} ${path}` : rule,
  );

describe('what may be pushed', () => {
  it('is ordinary work', () => {
    assert.deepEqual(rulesOf({ changes: [change('src/a.ts', 'o1')], blobs: new Map([['o1', 10]]) }), []);
  });

  it('is no workflow, unless the profile lets it, and no denied path, changed or gone', () => {
    const changes = [change('.github/workflows/ci.yml', 'o1'), change('infra/x')];
    assert.deepEqual(rulesOf({ changes }, { deny_paths: ['/infra'] }), [
      'allow_workflows .github/workflows/ci.yml',
      'deny_paths infra/x',
    ]);
    assert.deepEqual(rulesOf({ changes }, { allow_workflows: true }), []);
  });

  it('counts a path that only a merge has brought, once', () => {
    const difference = [change('.github/workflows/ci.yml', 'o1')];
    assert.deepEqual(rulesOf({ difference }), ['allow_workflows .github/workflows/ci.yml']);
    assert.deepEqual(rulesOf({ difference, changes: difference }).length, 1);
    assert.deepEqual(rulesOf({ difference }, { max_files: 1 }).length, 1);
  });

  it('is no more than the limits say, to the byte', () => {
    const blobs = new Map([
      ['o1', 100],
      ['o2', 101],
    ]);
    const changes = [change('a', 'o1'), change('b', 'o2'), change('c')];
    assert.deepEqual(
      rulesOf(
        { blobs, changes, commits: new Map() },
        { max_file_bytes: 101, max_total_bytes: 201, max_files: 3 },
      ),
      [],
    );
    assert.deepEqual(
      rulesOf(
        { blobs, changes, commits: new Map() },
        { max_file_bytes: 100, max_total_bytes: 200, max_files: 2 },
      ),
      ['max_files', 'max_file_bytes b', 'max_total_bytes'],
    );
    assert.deepEqual(rulesOf({ commits: new Map([['c1', 102]]) }, { max_file_bytes: 101 }), [
      'max_file_bytes',
    ]);
  });

  it('can be looked at whole', () => {
    assert.deepEqual(rulesOf({ isCut: true }), ['max_files']);
  });

  it('is looked through for secrets, all but what is a finding by its size', () => {
    const blobs = new Map([
      ['large', 60],
      ['o1', 50],
      ['o2', 50],
      ['o3', 1],
    ]);
    const work = facts({ blobs, commits: new Map([['c1', 1]]) });
    assert.deepEqual(scannable(work, policyOf({ max_file_bytes: 50 })), ['c1', 'o1', 'o2', 'o3']);
    assert.deepEqual(scannable(work, policyOf({ max_file_bytes: 50, max_total_bytes: 60 })), ['c1', 'o1']);
  });
});

describe('the sentence about a blocked push', () => {
  const finding: Finding = {
    rule: 'secrets',
    what: 'a secret (github)',
    path: 'src/a.ts',
    line: 12,
    commit: '0123456789abcdef',
  };

  it('says what, where, that the work is kept, and how to go on', () => {
    const sentence = blockedInWords(
      [finding, { rule: 'secrets', what: 'a secret (aws)', commit: 'f'.repeat(40) }],
      2,
      'a'.repeat(40),
    );
    assert.match(
      sentence,
      /a secret \(github\) at src\/a\.ts:12 in commit 0123456789 \(guard: secrets\); a secret \(aws\) at commit f{10} /,
    );
    assert.match(sentence, /commit a{10} is kept/);
    assert.match(sentence, /retry the job/);
  });

  it('names a few of many', () => {
    assert.match(blockedInWords(Array(20).fill(finding), 1000, 'a'), /; and 997 more\./);
  });
});
