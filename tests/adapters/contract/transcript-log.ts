// The contract of the transcript log: messages in order, once, and only from the attempt that runs.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import type { TranscriptEntry } from '../../../src/ports/transcript-log.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const message = (seq: number, text = `message ${seq}`): TranscriptEntry => ({
  seq,
  kind: 'message',
  type: 'assistant',
  data: JSON.stringify({ type: 'assistant', text }),
});

async function messages(bus: Bus, jobId: string): Promise<string[]> {
  const { entries } = await bus.feed.read({ kind: 'job', jobId }, undefined, 1000);
  return entries.filter(({ kind }) => kind !== 'event').map(({ data }) => data);
}

async function runningJob(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  return jobId;
}

const data = (...entries: readonly TranscriptEntry[]): string[] => entries.map((entry) => entry.data);

/** Registers the cases. */
export function transcriptLogContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: transcript log`, () => {
    check('messages are kept in order, in batches and one by one', async ({ bus }) => {
      const jobId = await runningJob(bus);
      assert.equal(await bus.transcript.append(jobId, 1, [message(1), message(2)]), 'appended');
      assert.equal(await bus.transcript.append(jobId, 1, []), 'appended');
      assert.equal(await bus.transcript.append(jobId, 1, [message(3)]), 'appended');
      assert.deepEqual(await messages(bus, jobId), data(message(1), message(2), message(3)));
    });

    check('appends that were not awaited keep their order', async ({ bus }) => {
      const jobId = await runningJob(bus);
      const all = Array.from({ length: 60 }, (_, n) => message(n + 1));
      await Promise.all(all.map((entry) => bus.transcript.append(jobId, 1, [entry])));
      assert.deepEqual(await messages(bus, jobId), data(...all));
    });

    check('messages that came before are dropped', async ({ bus }) => {
      const jobId = await runningJob(bus);
      await bus.transcript.append(jobId, 1, [message(1), message(2)]);
      const again = [message(1, 'again'), message(2, 'again'), message(3)];
      assert.equal(await bus.transcript.append(jobId, 1, again), 'appended');
      assert.equal(await bus.transcript.append(jobId, 1, [message(2, 'late')]), 'appended');
      assert.deepEqual(await messages(bus, jobId), data(message(1), message(2), message(3)));
    });

    check('a gap in the sequence is refused as the bug it is, and nothing is written', async ({ bus }) => {
      const jobId = await runningJob(bus);
      await assert.rejects(bus.transcript.append(jobId, 1, [message(2)]));
      await bus.transcript.append(jobId, 1, [message(1)]);
      await assert.rejects(bus.transcript.append(jobId, 1, [message(2), message(4)]));
      await assert.rejects(bus.transcript.append(jobId, 1, [message(3)]));
      assert.deepEqual(await messages(bus, jobId), data(message(1)));
      assert.equal(await bus.transcript.append(jobId, 1, [message(2)]), 'appended');
      assert.deepEqual(await messages(bus, jobId), data(message(1), message(2)));
    });

    check('only the running attempt may append', async ({ bus }) => {
      const { events, transcript } = bus;
      assert.equal(await transcript.append('no-such-job', 1, [message(1)]), 'stale');
      const jobId = await submit(events);
      assert.equal(await transcript.append(jobId, 0, [message(1)]), 'stale');
      assert.equal(await transcript.append(jobId, 1, [message(1)]), 'stale');
      await startAttempt(events, jobId);
      assert.equal(await transcript.append(jobId, 2, [message(1)]), 'stale');
      await transcript.append(jobId, 1, [message(1)]);
      await startAttempt(events, jobId); // the first one lost its worker
      assert.equal(await transcript.append(jobId, 1, [message(2)]), 'stale');
      assert.equal(await transcript.append(jobId, 2, [message(1, 'second attempt')]), 'appended');
      await endAttempt(events, jobId, { kind: 'handed-back' });
      assert.equal(await transcript.append(jobId, 2, [message(2)]), 'stale');
      assert.deepEqual(await messages(bus, jobId), data(message(1), message(1, 'second attempt')));
    });

    check('a cancelled attempt may still say its last words, an ended one not', async ({ bus }) => {
      const jobId = await runningJob(bus);
      await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'somebody' });
      assert.equal(await bus.transcript.append(jobId, 1, [message(1)]), 'appended');
      await endAttempt(bus.events, jobId, { kind: 'handed-back' });
      assert.equal(await bus.transcript.append(jobId, 1, [message(2)]), 'stale');
      assert.deepEqual(await messages(bus, jobId), data(message(1)));
    });

    check('a stale append keeps nothing aside', async ({ bus }) => {
      const jobId = await submit(bus.events);
      const entry = { ...message(1), whole: '{"large":true}' };
      assert.equal(await bus.transcript.append(jobId, 1, [entry]), 'stale');
      assert.equal(await bus.transcript.whole(jobId, 1, 1), undefined);
    });

    check('a message of 20 MB is kept whole beside its preview', async ({ bus }) => {
      const jobId = await runningJob(bus);
      const whole = JSON.stringify({ type: 'user', content: 'ä€🦊\n"\\'.repeat(1_700_000) });
      assert.ok(Buffer.byteLength(whole) > 20_000_000);
      const preview = JSON.stringify({ type: 'user', preview: true, href: '/jobs/1/messages/1/2' });
      const large: TranscriptEntry = { seq: 2, kind: 'message', type: 'user', data: preview, whole };
      assert.equal(await bus.transcript.append(jobId, 1, [message(1), large, message(3)]), 'appended');
      assert.deepEqual(await messages(bus, jobId), data(message(1), large, message(3)));
      assert.ok((await bus.transcript.whole(jobId, 1, 2)) === whole);
      assert.equal(await bus.transcript.whole(jobId, 1, 1), undefined);
      assert.equal(await bus.transcript.whole(jobId, 2, 2), undefined);
      assert.equal(await bus.transcript.whole('no-such-job', 1, 2), undefined);
    });

    check('the same message of two attempts is kept aside twice', async ({ bus }) => {
      const jobId = await runningJob(bus);
      await bus.transcript.append(jobId, 1, [{ ...message(1), whole: '{"attempt":1}' }]);
      await startAttempt(bus.events, jobId);
      await bus.transcript.append(jobId, 2, [{ ...message(1), whole: '{"attempt":2}' }]);
      assert.equal(await bus.transcript.whole(jobId, 1, 1), '{"attempt":1}');
      assert.equal(await bus.transcript.whole(jobId, 2, 1), '{"attempt":2}');
    });

    check('the next process finds the transcript, and the sequence goes on', async (under) => {
      const jobId = await runningJob(under.bus);
      const first = [message(1), { ...message(2), whole: '{"large":true}' }];
      await under.bus.transcript.append(jobId, 1, first);
      const next = await under.reopen();
      assert.deepEqual(await messages(next, jobId), data(...first));
      assert.equal(await next.transcript.whole(jobId, 1, 2), '{"large":true}');
      await assert.rejects(next.transcript.append(jobId, 1, [message(4)]));
      assert.equal(await next.transcript.append(jobId, 1, [message(2, 'again'), message(3)]), 'appended');
      assert.deepEqual(await messages(next, jobId), data(...first, message(3)));
    });
  });
}
