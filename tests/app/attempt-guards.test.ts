// What protects everybody else from an attempt: it stops when its claim is gone, and its secrets stay with it.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { getJob } from '../../src/app/inspect-jobs.js';
import { createLeases } from '../../src/app/loops/lease.js';
import { runAttempt } from '../../src/app/run-attempt.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { text, textDelta } from '../support/claude-says.js';
import { submit } from '../support/ledger.js';
import { type Setting, type Stage, setStage, succeed, workUntilStopped } from './doubles.js';

const never = new AbortController().signal;
const SOON = { timeout: 20_000 };

async function claimed(t: TestContext, setting: Setting): Promise<{ stage: Stage; claim: Claim }> {
  const stage = await setStage(setting);
  t.after(() => stage.close());
  await submit(stage.bus.events, { order: { repoUrl: 'https://git.example/acme/shop.git' } });
  const claim = await stage.bus.queue.claim('jobs', 'worker-1', never);
  assert.ok(claim);
  return { stage, claim };
}

describe('an attempt', () => {
  it(
    'whose claim belongs to somebody else is stopped by its lease, and delivers nothing',
    SOON,
    async (t) => {
      const { stage, claim } = await claimed(t, {
        act: workUntilStopped,
        over: { leases: createLeases({ clock: systemClock, leaseMs: 30, log: () => {} }) },
      });
      await runAttempt(stage.deps, { ...claim, extend: async () => false }, never);
      const types = (await stage.bus.events.read(claim.jobId)).map(({ type }) => type);
      assert.ok(!types.includes('CommitReady') && !types.includes('JobSucceeded'), types.join(' '));
      assert.deepEqual(
        stage.deeds.filter((deed) => deed === 'push'),
        [],
      );
      assert.equal((await getJob(stage.bus.events, claim.jobId)).job.status, 'running', 'the winner decides');
    },
  );

  it('shows no secret in what readers see while Claude is still speaking', async (t) => {
    const { stage, claim } = await claimed(t, {
      act: async (order, listener, signal) => {
        const delta = { type: 'text_delta', text: 'the s3cret is out. ' };
        const message = { type: 'stream_event', event: { type: 'content_block_delta', index: 0, delta } };
        await listener.message({ type: 'stream_event', message, line: JSON.stringify(message) });
        return succeed(order, listener, signal);
      },
    });
    await runAttempt(stage.deps, claim, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 100);
    const deltas = entries.filter(({ kind }) => kind === 'delta').map(({ data }) => data);
    assert.match(deltas.join(''), /the \[redacted\] is out/);
  });

  it('shows no secret that is cut by deltas, and shows the same text as the complete message', async (t) => {
    const token = 'abcdefghijklmnop';
    const words = `It is s3cret; Bearer ${token}, api_key = ${token}.`;
    const clean = 'It is [redacted]; Bearer [redacted], api_key = [redacted].';
    const cuts = Array.from({ length: words.length - 1 }, (_, at) => at + 1);
    const { stage, claim } = await claimed(t, {
      act: async (order, listener, signal) => {
        for (const cut of cuts) {
          for (const said of [textDelta(words.slice(0, cut)), textDelta(words.slice(cut)), text(words)])
            await listener.message({ ...said, line: JSON.stringify(said.message) });
        }
        return succeed(order, listener, signal);
      },
    });
    await runAttempt(stage.deps, claim, never);
    const { entries } = await stage.bus.feed.read({ kind: 'job', jobId: claim.jobId }, undefined, 1000);
    const told: string[] = [];
    let written = '';
    for (const { kind, type, data } of entries) {
      if (kind === 'delta') written += JSON.parse(data).text;
      if (type !== 'assistant') continue;
      told.push(written);
      written = '';
      assert.doesNotMatch(data, /s3cret|abcdef/);
    }
    assert.deepEqual(told, [...cuts.map(() => clean), ''], 'the last message was never written in deltas');
  });

  it('fails without a secret in its error', async (t) => {
    const push = async (): Promise<void> => {
      throw new AgenticoreError('PUSH_REFUSED', 'The remote said: s3cret is no good.');
    };
    const { stage, claim } = await claimed(t, { push });
    await runAttempt(stage.deps, claim, never);
    const { job } = await getJob(stage.bus.events, claim.jobId);
    assert.match(job.error ?? '', /\[redacted\] is no good/);
  });
});
