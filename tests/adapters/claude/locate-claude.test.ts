// Which claude is driven.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CLAUDE_VERSION,
  claudeVersion,
  locateClaude,
} from '../../../src/adapters/claude/start/locate-claude.js';
import { tempDir } from '../../support/temp-dir.js';

test('the bundled binary is found, and is the version that the facts were measured on', async () => {
  const binary = locateClaude();
  assert.ok(binary);
  assert.equal(await claudeVersion(binary), CLAUDE_VERSION);
  const root = new URL('../../../../package.json', import.meta.url);
  assert.equal(
    JSON.parse(await readFile(root, 'utf8')).dependencies['@anthropic-ai/claude-code'],
    CLAUDE_VERSION,
  );
});

test('the version of what is not there, or is no claude, is unknown', async (t) => {
  const script = join(await tempDir(t), 'claude');
  await writeFile(script, '#!/bin/sh\necho hello\n', { mode: 0o755 });
  assert.equal(await claudeVersion(script), undefined);
  assert.equal(await claudeVersion('/nowhere/claude'), undefined);
});
