// A process whose files may not grow beyond a limit: every append that does not fit must be as if never made.
import assert from 'node:assert/strict';
import { openFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import { isCode } from '../../../../src/domain/errors.js';
import { endAttempt, inFull, startAttempt, submission, submit, transition } from '../../../support/ledger.js';

const { events, transcript, queue, feed, close } = await openFileBus({
  home: process.argv[2] ?? '',
  leaseMs: 60_000,
});
const isRefused = (error: unknown): boolean => isCode(error, 'BUS_UNREACHABLE');

// A job too large to begin with leaves nothing behind, not even its key.
const idempotency = { key: 'caller:large', digest: 'd', ttlMs: 60_000 };
const tooLarge = submission({ order: { task: 'x'.repeat(200_000) }, idempotency });
await assert.rejects(events.append(tooLarge), isRefused);
assert.equal(await events.load(tooLarge.jobId), undefined);
assert.deepEqual(await queue.depth('jobs'), { waiting: 0, running: 0 });
const jobId = await submit(events, { idempotency });

// A ledger that is full keeps what it has, and takes what still fits.
let stored = await startAttempt(events, jobId);
let refusals = 0;
const report = (size: number) => {
  const facts = [{ type: 'PullRequestFailed', error: 'x'.repeat(size) }] as const;
  return transition(stored, { type: 'ReportProgress', attempt: 1, facts });
};
for (let n = 0; n < 40; n += 1) {
  const next = report(4000);
  try {
    assert.deepEqual(await events.append(next), { kind: 'appended' });
    stored = next.after;
  } catch (error) {
    if (!isRefused(error)) throw error;
    refusals += 1;
    assert.deepEqual(inFull(await events.load(jobId)), inFull(stored));
    assert.equal((await events.read(jobId)).length, stored.job.version);
  }
}
assert.ok(refusals > 0);

// So does a transcript; other jobs go on.
const other = await submit(events);
await startAttempt(events, other);
let seq = 0;
let refused = 0;
for (let n = 0; n < 40; n += 1) {
  const data = JSON.stringify({ text: 'y'.repeat(4000) });
  try {
    await transcript.append(other, 1, [{ seq: seq + 1, kind: 'message', type: 'assistant', data }]);
    seq += 1;
  } catch (error) {
    if (!isRefused(error)) throw error;
    refused += 1;
  }
}
assert.ok(refused > 0);
const { entries } = await feed.read({ kind: 'job', jobId: other }, undefined, 1000);
assert.equal(entries.length, 2 + seq);
const answer = 'z'.repeat(200_000);
await assert.rejects(endAttempt(events, other, { kind: 'succeeded' }, { answer }), isRefused);
assert.equal((await events.load(other))?.job.status, 'running');

await close();
process.stdout.write(JSON.stringify({ jobId, version: stored.job.version, other, seq }));
