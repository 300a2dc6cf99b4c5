import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeProfiles, type ProfileDocument, profileFlags } from '../../src/domain/profile.js';

const NOTHING_ELSE = {
  pullRequest: { draft: false, labels: [], reviewers: [], assignees: [] },
  setup: [],
  verify: [],
  verifyAttempts: 3,
  guard: {
    secrets: true,
    allowWorkflows: false,
    maxFiles: 1000,
    maxFileBytes: 5_242_880,
    maxTotalBytes: 52_428_800,
    denyPaths: [],
    allowSecretsIn: [],
  },
};

describe('given profile documents, when they are merged', () => {
  it('an empty one means the defaults', () => {
    assert.deepEqual(mergeProfiles('empty', [{}]), {
      name: 'empty',
      description: '',
      autoPr: true,
      claude: { model: 'sonnet', max_turns: 80, permission_mode: 'bypassPermissions' },
      maxAttempts: 3,
      backoffS: 30,
      mcp: {},
      trustRepository: false,
      env: [],
      ...NOTHING_ELSE,
    });
  });

  const grandparent: ProfileDocument = {
    name: 'grandparent',
    description: 'the oldest',
    auto_pr: false,
    claude: { model: 'opus', max_turns: 5, effort: 'high', allowed_tools: ['Read'], timeout: 60 },
    retry: { max_attempts: 1 },
    mcp: { allow: ['a', 'b'], deny: ['c'] },
    trust_repository: true,
    env: ['NPM_TOKEN'],
  };

  it('then a child inherits every key that it does not set, auto_pr and description too', () => {
    const profile = mergeProfiles('child', [
      grandparent,
      { name: 'parent', claude: { max_turns: 6 } },
      { name: 'child' },
    ]);
    assert.deepEqual(profile, {
      name: 'child',
      description: 'the oldest',
      autoPr: false,
      claude: {
        model: 'opus',
        max_turns: 6,
        permission_mode: 'bypassPermissions',
        effort: 'high',
        allowed_tools: ['Read'],
        timeout: 60,
      },
      timeoutS: 60,
      maxAttempts: 1,
      backoffS: 30,
      mcp: { allow: ['a', 'b'], deny: ['c'] },
      trustRepository: true,
      env: ['NPM_TOKEN'],
      ...NOTHING_ELSE,
    });
  });

  it('then the child wins per key, and lists are replaced, not added to', () => {
    const child: ProfileDocument = {
      claude: { allowed_tools: ['Glob'] },
      retry: { backoff_s: 1 },
      mcp: { deny: [] },
      env: [],
    };
    const profile = mergeProfiles('child', [grandparent, child]);
    assert.deepEqual(profile.claude.allowed_tools, ['Glob']);
    assert.deepEqual([profile.maxAttempts, profile.backoffS], [1, 1]);
    assert.deepEqual(profile.mcp, { allow: ['a', 'b'], deny: [] });
    assert.deepEqual(profile.env, []);
  });

  it('then null sets a key back to its default, whatever stands before it', () => {
    const child: ProfileDocument = {
      description: null,
      auto_pr: null,
      claude: { model: null, effort: null, timeout: null },
      retry: { max_attempts: null },
      mcp: { allow: null },
      trust_repository: null,
      env: null,
    };
    const profile = mergeProfiles('child', [grandparent, child]);
    assert.deepEqual(profile, {
      name: 'child',
      description: '',
      autoPr: true,
      claude: {
        model: 'sonnet',
        max_turns: 5,
        permission_mode: 'bypassPermissions',
        allowed_tools: ['Read'],
      },
      maxAttempts: 3,
      backoffS: 30,
      mcp: { deny: ['c'] },
      trustRepository: false,
      env: [],
      ...NOTHING_ELSE,
    });
  });

  it('then a null section sets all of it back, and a grandchild may set keys again', () => {
    const profile = mergeProfiles('x', [
      grandparent,
      { claude: null, retry: null, mcp: null },
      { claude: { model: 'haiku' } },
    ]);
    assert.deepEqual(profile.claude, { model: 'haiku', max_turns: 80, permission_mode: 'bypassPermissions' });
    assert.deepEqual([profile.maxAttempts, profile.mcp], [3, {}]);
  });

  it('then the documents themselves are not changed', () => {
    const before = structuredClone(grandparent);
    mergeProfiles('child', [grandparent, { claude: { model: null } }]);
    assert.deepEqual(grandparent, before);
  });
});

describe('given the claude settings of a profile, when they become flags', () => {
  it('then known and unknown keys are written as the CLI spells them', () => {
    const claude = {
      model: 'opus',
      max_turns: 5,
      allowed_tools: ['Read'],
      disallowed_tools: 'Bash',
      add_dir: '/x',
      verbose_mode: true,
    };
    assert.deepEqual(profileFlags(claude), {
      model: 'opus',
      'max-turns': 5,
      allowedTools: ['Read'],
      disallowedTools: 'Bash',
      'add-dir': '/x',
      'verbose-mode': true,
    });
  });

  it('then null, false and empty are left out, zero and empty lists are not', () => {
    const claude = { effort: null, bare: false, fallback_model: '', max_budget_usd: 0, tools: [] };
    assert.deepEqual(profileFlags(claude), { 'max-budget-usd': 0, tools: [] });
  });

  it('then `model: default` leaves the model to the CLI, and the deadline is no flag', () => {
    assert.deepEqual(profileFlags({ model: 'default', timeout: 60 }), {});
  });
});
