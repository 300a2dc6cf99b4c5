// What only the file bus promises: the state of a restarted process, its cursors, its handles, and its end.
import assert from 'node:assert/strict';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { compareCursors } from '../../../src/domain/cursor.js';
import { isCode } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { FeedEntry } from '../../../src/ports/feed.js';
import { carryOut, endAttempt, startAttempt, submission, submit } from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';

const never = (): AbortSignal => new AbortController().signal;
const open = (home: string, now: () => number = Date.now) =>
  openFileBus({ home, leaseMs: 3_600_000, clock: { now } });
const message = (seq: number, text = `message ${seq}`) =>
  ({ seq, kind: 'message', type: 'assistant', data: JSON.stringify({ seq, text }) }) as const;
const CRASHED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;

async function readThrough(bus: Bus, jobId: string, limit: number, after?: string): Promise<FeedEntry[]> {
  const seen: FeedEntry[] = [];
  for (;;) {
    const { entries } = await bus.feed.read({ kind: 'job', jobId }, seen.at(-1)?.cursor ?? after, limit);
    if (entries.length === 0) return seen;
    seen.push(...entries);
  }
}

test('a job that ran when the process ended is anybody\u2019s at once, by claim and by reclaim', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const running = [await submit(bus.events), await submit(bus.events)];
  for (const jobId of running) {
    await bus.queue.claim('jobs', 'a', never());
    await startAttempt(bus.events, jobId);
  }
  const waiting = await submit(bus.events);
  await bus.close();
  bus = await open(home);
  assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 2 });
  const [taken] = await bus.queue.reclaim('jobs', 'b', 1);
  const claimed = [await bus.queue.claim('jobs', 'b', never()), await bus.queue.claim('jobs', 'b', never())];
  assert.deepEqual(
    [taken, ...claimed].map((claim) => claim?.jobId),
    [...running, waiting],
  );
  assert.deepEqual(await bus.queue.reclaim('jobs', 'c', 9), []);
  assert.equal((await startAttempt(bus.events, running[0] ?? '')).job.attempt, 2);
  await bus.close();
});

test('after a restart lanes are again in the order in which jobs came to wait', async (t) => {
  const home = await tempDir(t);
  const now = Date.now() - 100_000;
  let bus = await open(home);
  const handedBack = await submit(bus.events, { now });
  const waiting = await submit(bus.events, { now });
  const due = await submit(bus.events, { order: { backoffS: 0 }, now });
  const delayed = await submit(bus.events, { order: { backoffS: 3600 }, now });
  for (const jobId of [handedBack, due, delayed]) await startAttempt(bus.events, jobId, { now });
  await endAttempt(bus.events, handedBack, { kind: 'handed-back' }, { now });
  for (const jobId of [due, delayed]) await endAttempt(bus.events, jobId, CRASHED, { now });
  await bus.close();
  bus = await open(home);
  assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 3, running: 0 });
  const order = [];
  for (let n = 0; n < 3; n += 1) order.push((await bus.queue.claim('jobs', 'a', never()))?.jobId);
  assert.deepEqual(order, [waiting, handedBack, due]);
  await bus.close();
  bus = await open(home, () => Date.now() + 7_200_000);
  assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 4, running: 0 });
  await bus.close();
});

test('cursors go on above the greatest on disk, even when the clock went back', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home, () => 5_000_000);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await bus.transcript.append(jobId, 1, [message(1), message(2)]);
  await bus.close();
  bus = await open(home, () => 1_000_000);
  const before = await readThrough(bus, jobId, 10);
  await bus.transcript.append(jobId, 1, [message(3)]);
  const other = await submit(bus.events);
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  const after = await readThrough(bus, jobId, 10);
  assert.deepEqual(after.slice(0, before.length), before);
  const cursors = [...after, ...(await readThrough(bus, other, 10))].map(({ cursor }) => cursor);
  assert.equal(new Set(cursors).size, 7);
  assert.ok(cursors.every((cursor) => cursor.startsWith('5000000-')));
  assert.deepEqual(
    after,
    after.toSorted((a, b) => compareCursors(a.cursor, b.cursor)),
  );
  await bus.close();
});

test('a long transcript is read from any place, before and after a restart', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  const filler = 'ä€🦊 '.repeat(20);
  for (let seq = 1; seq <= 4000; seq += 50) {
    const batch = Array.from({ length: 50 }, (_, n) => message(seq + n, filler.repeat((seq + n) % 7)));
    await bus.transcript.append(jobId, 1, batch);
    const facts = [{ type: 'PullRequestFailed', error: filler }] as const;
    await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts });
  }
  const all = await readThrough(bus, jobId, 64);
  assert.equal(all.length, 2 + 4000 + 80);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await readThrough(bus, jobId, 1000), all);
    for (let index = 0; index < all.length; index += 173) {
      const { entries } = await bus.feed.read({ kind: 'job', jobId }, all[index]?.cursor, 5);
      assert.deepEqual(entries, all.slice(index + 1, index + 6));
    }
    await bus.close();
    bus = await open(home);
    const middle = all[2500];
    assert.deepEqual(await readThrough(bus, jobId, 64, middle?.cursor), all.slice(2501));
  }
  await bus.close();
});

test('jobs that wait or have ended keep no file open', async (t) => {
  const fds = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
  const home = await tempDir(t);
  const bus = await open(home);
  const before = await fds();
  for (let n = 0; n < 30; n += 1) {
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    await bus.transcript.append(jobId, 1, [message(1)]);
    await endAttempt(bus.events, jobId, { kind: n % 2 === 0 ? 'succeeded' : 'handed-back' });
    await readThrough(bus, jobId, 1);
  }
  assert.ok((await fds()) < before + 10);
  await bus.close();
});

test('after close everything that writes is refused, and who waits is woken', async (t) => {
  const home = await tempDir(t);
  const bus = await open(home);
  const isClosed = (error: unknown): boolean => isCode(error, 'BUS_UNREACHABLE');
  const woken = assert.rejects(bus.queue.claim('elsewhere', 'a', never()), isClosed);
  const last = submission();
  const racing = bus.events.append(last);
  await new Promise(setImmediate);
  await bus.close();
  await bus.close();
  await woken;
  assert.deepEqual(await racing, { kind: 'appended' });
  await assert.rejects(bus.events.append(submission()), isClosed);
  await assert.rejects(bus.queue.claim('jobs', 'a', never()), isClosed);
  await assert.rejects(bus.transcript.append(last.jobId, 1, [message(1)]), isClosed);
  await assert.rejects(bus.ping(), isClosed);
  const next = await open(home);
  assert.equal((await next.events.load(last.jobId))?.job.version, 1);
  await next.close();
});

test('a disk that is full is told by a ping, and nothing is left of asking', async (t) => {
  const home = await tempDir(t);
  const bus = await open(home);
  const trash = join(home, 'bus', 'trash');
  await bus.ping();
  await symlink('/dev/full', join(trash, 'probe'));
  await assert.rejects(
    bus.ping(),
    (error) => isCode(error, 'BUS_UNREACHABLE') && /ENOSPC/.test(String(error)),
  );
  await bus.ping();
  assert.deepEqual(await readdir(trash), []);
  await bus.close();
});

test('what a removal left behind is cleared at the next start', async (t) => {
  const home = await tempDir(t);
  let bus = await open(home);
  const jobId = await submit(bus.events);
  await bus.events.remove(jobId);
  await bus.close();
  bus = await open(home);
  assert.deepEqual(await readdir(join(home, 'bus', 'trash')), []);
  assert.deepEqual(await readdir(join(home, 'bus', 'jobs')), []);
  await bus.close();
});

test('a job id that is no file name is refused before it touches the disk', async (t) => {
  const bus = await open(await tempDir(t));
  for (const jobId of ['../outside', '', '.', 'a/b', 'x'.repeat(200), 'null\u0000']) {
    await assert.rejects(bus.events.append(submission({ jobId })));
    assert.equal(await bus.events.load(jobId), undefined);
  }
  await bus.close();
});
