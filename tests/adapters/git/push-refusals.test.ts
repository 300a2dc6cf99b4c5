import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REFUSALS, refusalIn } from '../../../src/adapters/git/push-refusals.js';

/** What GitHub prints, and what of the sentence must be said of it. */
const SAID: readonly (readonly [string, RegExp])[] = [
  [
    'refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission',
    /Workflows: read and write/,
  ],
  [
    'refusing to allow a Personal Access Token to create or update workflow `.github/workflows/ci.yml` without `workflow` scope',
    /scope `workflow`/,
  ],
  [
    'remote: error: GH013: Repository rule violations found for refs/heads/x.\nremote: - GITHUB PUSH PROTECTION\nremote: Push cannot contain secrets',
    /found a secret/,
  ],
  [
    'remote: error: GH013: Repository rule violations found for refs/heads/x.\nremote: - Changes must be made through a pull request.',
    /rule set/,
  ],
  ['remote: error: GH006: Protected branch update failed for refs/heads/x.', /Settings, Branches/],
  [
    "remote: error: File big is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB\nremote: error: GH001: Large files detected.",
    /too large/,
  ],
  ['remote: error: GH008: Your push referenced at least 1 unknown Git LFS object', /not pushed from here/],
  ['remote: error: GH007: Your push would publish a private email address.', /Settings, Emails/],
  ['remote: This repository was archived so it is read-only.', /unarchive/],
  ['remote: error: Repository has exceeded its data quota', /full/],
];

describe('why a push was refused', () => {
  it('is said with what would let the next one in', () => {
    for (const [words, sentence] of SAID) assert.match(refusalIn(words) ?? '', sentence, words);
    assert.equal(refusalIn('remote: no'), undefined);
    const used = new Set(SAID.map(([words]) => refusalIn(words)));
    assert.equal(used.size, REFUSALS.length, 'each row has its example');
  });
});
