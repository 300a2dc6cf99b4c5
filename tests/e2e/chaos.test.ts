// The chaos in short, so that nobody breaks what the long one proves: npm run chaos.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runChaos } from '../../scripts/chaos/chaos.js';
import { needsOwnRedis } from '../support/install-redis.js';

describe('a fleet that is hurt all along', () => {
  it('ends each job once and leaves nothing behind', needsOwnRedis, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'agenticore-chaos-'));
    const said: string[] = [];
    const wishes = { jobs: 8, workers: 2, kills: 5, seed: 36, json: false };
    const { invariants } = await runChaos(wishes, folder, (line) => said.push(line));
    const violated = invariants.filter(({ violations }) => violations.length > 0);
    assert.deepEqual(violated, [], `everything is kept in ${folder}\n${said.join('\n')}`);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('refuses arguments that cannot be meant with one sentence and exit code 2', () => {
    const main = fileURLToPath(new URL('../../scripts/chaos/main.js', import.meta.url));
    for (const args of [['--jobs', '0'], ['--workers', 'two'], ['--kill', '3'], ['now'], ['--seed=-1']]) {
      const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
      assert.deepEqual({ status, stdout }, { status: 2, stdout: '' }, args.join(' '));
      assert.match(stderr, /^agenticore: .+; usage: npm run chaos .+\n$/);
    }
  });
});
