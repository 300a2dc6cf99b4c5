import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packageSyncLoop } from '../../src/app/loops/package-sync.js';
import type { AgentPackage } from '../../src/ports/packages.js';

/** Runs the loop for so many pauses and gives what it did, each pause in seconds. */
async function loopFor(pauses: number, intervalMs: number, syncs: readonly boolean[] = []) {
  const did: string[] = [];
  const stop = new AbortController();
  let answers = 0;
  await packageSyncLoop(
    {
      clock: {
        now: () => 0,
        random: () => 0,
        sleep: async (ms) => {
          if (did.filter((what) => what.endsWith('s')).length === pauses) return stop.abort();
          did.push(`${ms / 1000} s`);
        },
      },
      log: (fact) => did.push(fact),
      packages: {
        current: (): AgentPackage => assert.fail('nobody asked'),
        mcpConfig: () => assert.fail('nobody asked'),
        tend: async () => {
          did.push('tend');
          if (answers === 2) throw new Error('disk full');
        },
        sync: async () => {
          did.push('sync.');
          return syncs[answers++] ?? false;
        },
      },
      intervalMs,
      onNewVersion: () => did.push('new'),
    },
    stop.signal,
  );
  return did;
}

describe('the loop that keeps a package up to date', () => {
  it('looks after each interval, and tells of a new version', async () => {
    const did = await loopFor(3, 300_000, [false, true]);
    assert.deepEqual(did, [
      '300 s',
      'tend',
      'sync.',
      '300 s',
      'tend',
      'sync.',
      'new',
      '300 s',
      ...did.slice(8),
    ]);
    assert.ok(did.includes('package.tend_failed'), 'what fails is told, and it goes on');
  });

  it('sees to the folders more often than a long interval', async () => {
    const did = await loopFor(4, 1_200_000);
    assert.deepEqual(did.slice(0, 6), ['600 s', 'tend', '600 s', 'tend', 'sync.', '600 s']);
  });

  it('never looks when the interval is 0, but sees to the folders', async () => {
    assert.deepEqual(await loopFor(2, 0), ['600 s', 'tend', '600 s', 'tend']);
  });
});
