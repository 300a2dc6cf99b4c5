// What is counted of a job, over a real file bus: each fact once, by whoever wrote it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meterBus } from '../../src/app/metered-bus.js';
import type { Meter } from '../../src/ports/meter.js';
import { carryOut, endAttempt, startAttempt, startTurn, submission, submit } from '../support/ledger.js';
import { setStage } from './doubles.js';

const T0 = 1_700_000_000_000;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;

/** A meter that keeps every figure by name and labels: sums of what was added, lists of what was recorded. */
function listening() {
  const sums: Record<string, number> = {};
  const values: Record<string, number[]> = {};
  const keyOf = (name: string, labels: object): string => [name, ...Object.values(labels)].join(' ');
  const meter: Meter = {
    add(name, labels, by = 1) {
      const key = keyOf(name, labels);
      sums[key] = (sums[key] ?? 0) + by;
    },
    record(name, labels, value) {
      const key = keyOf(name, labels);
      values[key] = [...(values[key] ?? []), value];
    },
    time: (_name, _labels, body) => body(),
  };
  return { meter, sums, values };
}

describe('a metered bus', () => {
  it('counts the wait of a job that starts with the end of another', async (t) => {
    const { bus, close } = await setStage();
    t.after(close);
    const { meter, values } = listening();
    const waiting = await submit(bus.events, { now: T0 });
    const claim = await bus.queue.claim('jobs', 'worker-1', new AbortController().signal);
    const started = await startAttempt(bus.events, waiting, { now: T0 + 3_000 });
    assert.ok(claim);
    const next = { ...claim, started };
    const { events } = meterBus(
      { ...bus, events: { ...bus.events, append: async () => ({ kind: 'appended', next }) } },
      meter,
    );
    await submit(events, { now: T0 });
    assert.deepEqual(values, { 'queue_wait_seconds task': [3] });
  });

  it('counts jobs, attempts, waits, tokens and costs', async (t) => {
    const { bus, close } = await setStage();
    t.after(close);
    const { meter, sums, values } = listening();
    const { events } = meterBus(bus, meter);

    const job = await submit(events, { now: T0, order: { model: 'opus' } });
    await startAttempt(events, job, { now: T0 + 2_000 });
    const usage = { input_tokens: 5, output_tokens: 7, cache_read_input_tokens: 9, server_tool_use: {} };
    const transcript = { count: 0, head: '' };
    const finished = {
      type: 'ClaudeFinished',
      exitCode: 0,
      costUsd: 0.5,
      numTurns: 1,
      usage,
      transcript,
    } as const;
    await carryOut(events, job, { type: 'ReportProgress', attempt: 1, facts: [finished] });
    await endAttempt(events, job, CRASHED, { now: T0 + 3_000 });
    await startAttempt(events, job, { now: T0 + 60_000 });
    await endAttempt(events, job, { kind: 'succeeded' }, { now: T0 + 70_000 });

    const waiting = await submit(events, { now: T0 });
    await carryOut(events, waiting, { type: 'RequestCancel', by: 'x' }, { now: T0 + 1_000 });

    const turn = await startTurn(events, { now: T0, order: { profile: 'assistant' } });
    await carryOut(events, turn, { type: 'LoseAttempt', attempt: 1 }, { now: T0 + 5_000 });

    assert.deepEqual(sums, {
      'attempts_total task retried': 1,
      'attempts_total task succeeded': 1,
      'attempts_total turn lost': 1,
      'cost_usd_total opus': 0.5,
      'jobs_total task code cancelled AGENTICORE_CANCELLED': 1,
      'jobs_total task code succeeded ': 1,
      'jobs_total turn assistant failed AGENTICORE_WORKER_LOST': 1,
      'tokens_total opus cache_read': 9,
      'tokens_total opus input': 5,
      'tokens_total opus output': 7,
    });
    assert.deepEqual(values, {
      'job_duration_seconds task code cancelled': [1],
      'job_duration_seconds task code succeeded': [70],
      'job_duration_seconds turn assistant failed': [5],
      'queue_wait_seconds task': [2],
      'queue_wait_seconds turn': [0],
    });
  });

  it('counts nothing that the bus did not take, and the requests to callbacks', async (t) => {
    const { bus, close } = await setStage();
    t.after(close);
    const { meter, sums } = listening();
    const { events } = meterBus(bus, meter);
    const first = submission({ order: { callbackUrl: 'https://example.com/' } });
    await events.append(first);
    assert.equal((await events.append(first)).kind, 'conflict');
    await carryOut(events, first.jobId, { type: 'RequestCancel', by: 'x' });
    const outcome = { kind: 'failed', error: 'It answered 500.', isFinal: false } as const;
    await carryOut(events, first.jobId, { type: 'RecordCallback', outcome, jitter: 0 });
    assert.deepEqual(sums, {
      'callbacks_total failed': 1,
      'jobs_total task code cancelled AGENTICORE_CANCELLED': 1,
    });
  });

  it('gives no more than fifty models a name', async (t) => {
    const { bus, close } = await setStage();
    t.after(close);
    const { meter, sums } = listening();
    const { events } = meterBus(bus, meter);
    for (let n = 0; n < 52; n += 1) {
      const job = await submit(events, { order: { model: `model-${n}` } });
      await startAttempt(events, job);
      const transcript = { count: 0, head: '' };
      const facts = [{ type: 'ClaudeFinished', exitCode: 0, costUsd: 1, numTurns: 1, transcript }] as const;
      await carryOut(events, job, { type: 'ReportProgress', attempt: 1, facts });
    }
    assert.equal(Object.keys(sums).length, 51);
    assert.equal(sums['cost_usd_total other'], 2);
  });
});
