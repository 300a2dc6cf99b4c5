// The contract of the feed: one order, one cursor, nothing twice and nothing missed; and the doorbell.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { compareCursors, isCursor } from '../../../src/domain/cursor.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { FeedEntry, FeedName } from '../../../src/ports/feed.js';
import { carryOut, endAttempt, startAttempt, submission, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const FLEET: FeedName = { kind: 'fleet' };
const ofJob = (jobId: string): FeedName => ({ kind: 'job', jobId });
const say = (
  bus: Bus,
  jobId: string,
  seq: number,
  text = `message ${seq}`,
  kind: 'message' | 'delta' = 'message',
) => bus.transcript.append(jobId, 1, [{ seq, kind, type: 'assistant', data: JSON.stringify({ text }) }]);

async function all(bus: Bus, feed: FeedName, after?: string): Promise<readonly FeedEntry[]> {
  const { entries, gap } = await bus.feed.read(feed, after, 10_000);
  assert.equal(gap, false);
  return entries;
}

function assertIncreasing(entries: readonly FeedEntry[]): void {
  for (const [index, { cursor }] of entries.entries()) {
    assert.ok(isCursor(cursor), cursor);
    const before = entries[index - 1];
    if (before) assert.ok(compareCursors(before.cursor, cursor) < 0, `${before.cursor} before ${cursor}`);
  }
}

/** A job with a life: its events and messages alternate. */
async function livelyJob(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events);
  await startAttempt(bus.events, jobId);
  await say(bus, jobId, 1);
  await say(bus, jobId, 2, 'half a w', 'delta');
  const facts = [{ type: 'ClaudeStarted', pid: 7, sessionId: 'session-1' }] as const;
  await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts });
  await say(bus, jobId, 3);
  await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'somebody' });
  await endAttempt(bus.events, jobId, { kind: 'handed-back' });
  return jobId;
}

const LIFE = [
  ['event', 'JobSubmitted'],
  ['event', 'AttemptStarted'],
  ['message', 'assistant'],
  ['delta', 'assistant'],
  ['event', 'ClaudeStarted'],
  ['message', 'assistant'],
  ['event', 'CancelRequested'],
  ['event', 'JobCancelled'],
];

/** Registers the cases. */
export function feedContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: feed`, () => {
    check('events and messages of a job come in the order in which they were appended', async ({ bus }) => {
      const jobId = await livelyJob(bus);
      const entries = await all(bus, ofJob(jobId));
      assert.deepEqual(
        entries.map(({ kind, type }) => [kind, type]),
        LIFE,
      );
      assertIncreasing(entries);
      const events = entries.filter(({ kind }) => kind === 'event').map(({ data }) => JSON.parse(data));
      assert.deepEqual(events, await bus.events.read(jobId));
    });

    check('reading on from any cursor gives the rest, in pages of any size', async ({ bus }) => {
      const jobId = await livelyJob(bus);
      const entries = await all(bus, ofJob(jobId));
      for (const [index, { cursor }] of entries.entries()) {
        assert.deepEqual(await all(bus, ofJob(jobId), cursor), entries.slice(index + 1));
      }
      for (const limit of [1, 2, 3, 5]) {
        const seen: FeedEntry[] = [];
        for (;;) {
          const { entries: page } = await bus.feed.read(ofJob(jobId), seen.at(-1)?.cursor, limit);
          assert.ok(page.length <= limit);
          if (page.length === 0) break;
          seen.push(...page);
        }
        assert.deepEqual(seen, entries);
      }
      assert.deepEqual(await all(bus, ofJob(jobId), '0-0'), entries);
      assert.deepEqual(await all(bus, ofJob(jobId), '9999999999999-0'), []);
    });

    check('a job that is not there has an empty feed', async ({ bus }) => {
      assert.deepEqual(await bus.feed.read(ofJob('no-such-job'), undefined, 9), { entries: [], gap: false });
      assert.deepEqual(await bus.feed.read(FLEET, undefined, 9), { entries: [], gap: false });
    });

    check(
      'the fleet stream has every event of every job, with its job id, and no message',
      async ({ bus }) => {
        const [a, b] = [await livelyJob(bus), await submit(bus.events)];
        const fleet = await all(bus, FLEET);
        assertIncreasing(fleet);
        const expected = [...(await bus.events.read(a)), ...(await bus.events.read(b))];
        const withIds = expected.map((record, index) => ({
          jobId: index < expected.length - 1 ? a : b,
          ...record,
        }));
        assert.deepEqual(
          fleet.map(({ data }) => JSON.parse(data)),
          withIds,
        );
        assert.ok(fleet.every(({ kind }) => kind === 'event'));
        const fifth = fleet[4]?.cursor;
        assert.deepEqual(await all(bus, FLEET, fifth), fleet.slice(5));
        assert.deepEqual((await bus.feed.read(FLEET, undefined, 2)).entries, fleet.slice(0, 2));
      },
    );

    check(
      'a reader who polls while jobs are appended at once sees everything once, in order',
      async ({ bus }) => {
        const seen: FeedEntry[] = [];
        let done = false;
        const reader = (async () => {
          for (;;) {
            const last = done;
            const { entries } = await bus.feed.read(FLEET, seen.at(-1)?.cursor, 3);
            seen.push(...entries);
            if (last && entries.length === 0) return;
            await new Promise(setImmediate);
          }
        })();
        const born = await Promise.all(Array.from({ length: 25 }, () => submit(bus.events)));
        await Promise.all(born.map((jobId) => startAttempt(bus.events, jobId)));
        done = true;
        await reader;
        assertIncreasing(seen);
        assert.equal(seen.length, 50);
        assert.deepEqual(seen, await all(bus, FLEET));
      },
    );

    check('a reader of a job misses nothing while events and messages race', async ({ bus }) => {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      const seen: FeedEntry[] = [];
      let done = false;
      const reader = (async () => {
        for (;;) {
          const last = done;
          const { entries } = await bus.feed.read(ofJob(jobId), seen.at(-1)?.cursor, 4);
          seen.push(...entries);
          if (last && entries.length === 0) return;
          await new Promise(setImmediate);
        }
      })();
      const facts = [{ type: 'PullRequestFailed', error: 'no' }] as const;
      const work: Promise<unknown>[] = [];
      for (let n = 1; n <= 40; n += 1) {
        work.push(say(bus, jobId, n));
        if (n % 8 === 0) await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts });
      }
      await Promise.all(work);
      done = true;
      await reader;
      assert.deepEqual(seen, await all(bus, ofJob(jobId)));
      assert.equal(seen.length, 2 + 40 + 5);
    });

    check('unicode, escapes and line separators pass untouched', async ({ bus }) => {
      const text = 'Grüße 🦊 \n \r\n "q" \\ \u2028\u2029 \u0000 \ud83e ,"data":{"a":1}} </script>';
      const first = submission({ order: { task: text } });
      await bus.events.append(first);
      await startAttempt(bus.events, first.jobId);
      await say(bus, first.jobId, 1, text);
      const odd = '{"n":1.0,"e":1e3,"n":2, "spaced" : [ ] ,"2":1,"1":2}';
      await bus.transcript.append(first.jobId, 1, [{ seq: 2, kind: 'message', type: 'a "b",\\', data: odd }]);
      const [submitted, , said, last] = await all(bus, ofJob(first.jobId));
      assert.deepEqual(JSON.parse(submitted?.data ?? ''), first.records[0]);
      assert.deepEqual(JSON.parse(said?.data ?? ''), { text });
      assert.deepEqual([last?.type, last?.data], ['a "b",\\', odd]);
    });

    check('the next process serves the same cursors, and new ones follow them', async (under) => {
      const jobId = await livelyJob(under.bus);
      const other = await submit(under.bus.events);
      await startAttempt(under.bus.events, other);
      await say(under.bus, other, 1);
      const before = [await all(under.bus, ofJob(jobId)), await all(under.bus, ofJob(other))];
      const fleet = await all(under.bus, FLEET);

      const next = await under.reopen();
      assert.deepEqual([await all(next, ofJob(jobId)), await all(next, ofJob(other))], before);
      assert.deepEqual(await all(next, FLEET), fleet);
      await say(next, other, 2);
      await endAttempt(next.events, other, { kind: 'succeeded' });
      const grown = await all(next, ofJob(other), before[1]?.at(-1)?.cursor);
      assert.deepEqual(
        grown.map(({ type }) => type),
        ['assistant', 'JobSucceeded'],
      );
      const end = (await all(next, FLEET, fleet.at(-1)?.cursor)).map(({ type }) => type);
      assert.deepEqual(end, ['JobSucceeded']);
      assertIncreasing(await all(next, FLEET));
    });
  });
}
