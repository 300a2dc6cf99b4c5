import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { tendCacheLoop } from '../../src/app/loops/tend-cache.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import { setStage } from './doubles.js';

test('a job that cannot be read is known: it keeps its work, and no mirror from being tended', async () => {
  const { deps, bus, close } = await setStage();
  const events = {
    ...bus.events,
    load: () => Promise.reject(new AgenticoreError('BUS_CORRUPT')),
  };
  const stop = new AbortController();
  let answer: boolean | undefined;
  const workspaces = {
    ...deps.workspaces,
    async tend(isKnown: (jobId: string) => Promise<boolean>) {
      try {
        answer = await isKnown('job');
      } finally {
        stop.abort();
      }
    },
  };
  const clock = { ...systemClock, sleep: async () => {} };
  await tendCacheLoop({ ...deps, clock, events, workspaces }, stop.signal);
  assert.equal(answer, true);
  await close();
});
