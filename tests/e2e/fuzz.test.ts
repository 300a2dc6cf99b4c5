// The fuzz in short, so that nobody breaks what the long one proves: npm run fuzz.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fuzz } from '../../scripts/fuzz/fuzz.js';

it('bears requests that nobody means: each answer is as described, and nothing is left behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-fuzz-'));
  // Between them they have both modes, keys, OAuth and MCP.
  const { violations } = await fuzz({ requests: 400, seed: 3, kinds: ['fleet with keys', 'agent'] }, folder);
  assert.deepEqual(violations, [], `everything is kept in ${folder}`);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});
