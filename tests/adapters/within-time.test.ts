// Time limits hold whatever the memory of the process goes through.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { withinTime } from '../../src/adapters/host/within-time.js';

const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });

describe('a time limit', () => {
  it('holds although garbage is collected meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const awake = setTimeout(() => {}, 60_000);
    const limited = withinTime(never, 200, untilAborted);
    let isOver = false;
    const over = assert.rejects(limited, { name: 'TimeoutError' }).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      collect();
      await nextTurn();
    }
    await over;
    clearTimeout(awake);
  });

  it('ends with its signal, and lets go of it', async () => {
    const stop = new AbortController();
    const stopped = withinTime(stop.signal, 60_000, untilAborted);
    stop.abort('enough');
    await assert.rejects(stopped, (reason) => reason === 'enough');
    await assert.rejects(withinTime(stop.signal, 60_000, untilAborted), (reason) => reason === 'enough');
  });

  it('gives what was done in time', async () => {
    assert.equal(await withinTime(never, 60_000, async () => 'done'), 'done');
  });
});
