// Telling callers how their jobs ended, over a real file bus, with a clock that is wound by hand.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { type CallBackDeps, callBackLoop } from '../../src/app/loops/call-back.js';
import type { CallbackOutcome } from '../../src/domain/decide-callback.js';
import type { Bus } from '../../src/ports/bus.js';
import type { CallbackLetter } from '../../src/ports/courier.js';
import { eventually } from '../support/eventually.js';
import { carryOut, submit } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

const T0 = 1_700_000_000_000;
const FAILED = { kind: 'failed', error: 'It answered 500.', isFinal: false } as const;
const DELIVERED = { kind: 'delivered', httpStatus: 204 } as const;

type Deliver = (letter: CallbackLetter, signal: AbortSignal) => Promise<CallbackOutcome>;

interface Scope {
  after(done: () => Promise<void>): void;
}

/** A loop whose pauses are over whenever somebody winds the clock. */
async function callingBack(t: Scope & Parameters<typeof tempDir>[0], deliver: Deliver) {
  const home = await tempDir(t);
  const letters: (CallbackLetter & { readonly at: number })[] = [];
  const said: string[] = [];
  let now = T0;
  let wake = (): void => {};
  const clock = {
    now: () => now,
    random: () => 0,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  const bus = await openFileBus({ home, leaseMs: 60_000, clock });
  t.after(() => bus.close());
  const stop = new AbortController();
  const deps: CallBackDeps = {
    events: bus.events,
    callbacks: bus.callbacks,
    clock,
    hash: sha256,
    log: (fact) => void said.push(fact),
    letterOf: async ({ id, status }) => `${id} ${status}`,
    courier: {
      deliver(letter, signal) {
        letters.push({ ...letter, at: now - T0 });
        return deliver(letter, signal);
      },
    },
  };
  return {
    ...{ bus, letters, said, deps },
    wind(ms: number) {
      now += ms;
      wake();
    },
    run: () => callBackLoop(deps, stop.signal),
    stop: () => stop.abort('enough'),
  };
}

async function ended({ events }: Bus): Promise<string> {
  const jobId = await submit(events, { now: T0, order: { callbackUrl: 'https://example.com/hook' } });
  await carryOut(events, jobId, { type: 'RequestCancel', by: 'x' }, { now: T0 });
  return jobId;
}

const callbackOf = async ({ events }: Bus, jobId: string) => (await events.load(jobId))?.job.callback;

describe('calling back', () => {
  it('tries again when it is due, under one id, until it is delivered', async (t) => {
    const outcomes: CallbackOutcome[] = [FAILED, FAILED, DELIVERED];
    const stage = await callingBack(t, async () => outcomes.shift() ?? assert.fail('once too often'));
    const jobId = await ended(stage.bus);
    const running = stage.run();
    const tries = async (count: number) => (await callbackOf(stage.bus, jobId))?.attempts === count;
    await eventually('the first', () => tries(1));
    stage.wind(4_999);
    stage.wind(1);
    await eventually('the second', () => tries(2));
    stage.wind(30_000);
    await eventually('the third', () => tries(3));
    stage.wind(86_400_000);
    stage.stop();
    await running;
    const id = `msg_${jobId}`;
    const letter = { url: 'https://example.com/hook', id, body: `${jobId} cancelled` };
    assert.deepEqual(
      stage.letters,
      [0, 5_000, 35_000].map((at) => ({ ...letter, at })),
    );
    assert.deepEqual(stage.said, ['callback.failed', 'callback.failed', 'callback.delivered']);
    assert.equal((await callbackOf(stage.bus, jobId))?.deliveredAt, T0 + 35_000);
  });

  it('keeps nobody waiting behind receivers that do not answer', async (t) => {
    const silent = new Set<string>();
    const stage = await callingBack(t, (letter, signal) =>
      silent.has(letter.id)
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(FAILED), { once: true }))
        : Promise.resolve(DELIVERED),
    );
    for (let n = 0; n < 15; n += 1) silent.add(`msg_${await ended(stage.bus)}`);
    const others = await Promise.all(Array.from({ length: 40 }, () => ended(stage.bus)));
    const running = stage.run();
    await eventually('all others are delivered', async () => {
      const found = await Promise.all(others.map((jobId) => callbackOf(stage.bus, jobId)));
      return found.every((callback) => callback?.deliveredAt !== undefined);
    });
    stage.stop();
    await running;
  });

  it('leaves what it was at to the next process, unrecorded', async (t) => {
    const stage = await callingBack(
      t,
      (_letter, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(FAILED), { once: true })),
    );
    const jobId = await ended(stage.bus);
    const running = stage.run();
    await eventually('it is under way', () => stage.letters.length === 1);
    stage.stop();
    await running;
    assert.deepEqual(await callbackOf(stage.bus, jobId), { attempts: 0, tries: 0, dueAt: T0 });
    assert.deepEqual(await stage.bus.callbacks.take(T0 + 60_000, 9, T0 + 120_000), [jobId]);
  });
});
