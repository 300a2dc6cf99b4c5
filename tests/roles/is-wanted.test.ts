import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Bus } from '../../src/ports/bus.js';
import { isWanted } from '../../src/roles/worker.js';

const busThat = (load: () => Promise<undefined>) => ({ events: { load } }) as unknown as Bus;

test('the worktree of a job that cannot be read stays, and keeps no other from being swept', async () => {
  const wanted = (code: 'BUS_CORRUPT' | 'BUS_UNREACHABLE') =>
    isWanted({ worker: 'me', bus: busThat(() => Promise.reject(new AgenticoreError(code))) }, 'job');
  assert.equal(await wanted('BUS_CORRUPT'), true);
  await assert.rejects(wanted('BUS_UNREACHABLE'));
  assert.equal(await isWanted({ worker: 'me', bus: busThat(async () => undefined) }, 'job'), false);
});
