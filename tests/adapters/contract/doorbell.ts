// The contract of watching: the doorbell rings for what is new, and for nobody who left.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Bus } from '../../../src/ports/bus.js';
import type { FeedEntry, FeedName } from '../../../src/ports/feed.js';
import { eventually } from '../../support/eventually.js';
import { endAttempt, startAttempt, submission, submit } from '../../support/ledger.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const FLEET: FeedName = { kind: 'fleet' };
const ofJob = (jobId: string): FeedName => ({ kind: 'job', jobId });
const say = (bus: Bus, jobId: string, seq: number) =>
  bus.transcript.append(jobId, 1, [
    { seq, kind: 'message', type: 'assistant', data: JSON.stringify({ seq }) },
  ]);

/** Registers the cases. */
export function doorbellContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: doorbell`, () => {
    check('a watcher is rung for events and messages of its job until it leaves', async ({ bus }) => {
      const jobId = await submit(bus.events);
      const rings = { job: 0, fleet: 0, gone: 0 };
      const stopJob = await bus.feed.watch(ofJob(jobId), () => {
        rings.job += 1;
      });
      const stopFleet = await bus.feed.watch(FLEET, () => {
        rings.fleet += 1;
      });
      const stopGone = await bus.feed.watch(ofJob(jobId), () => {
        rings.gone += 1;
      });
      stopGone();
      stopGone();

      await startAttempt(bus.events, jobId);
      await eventually('the event rings at the job', () => rings.job > 0);
      await eventually('the event rings at the fleet', () => rings.fleet > 0);
      const before = rings.job;
      await say(bus, jobId, 1);
      await eventually('the message rings at the job', () => rings.job > before);

      stopJob();
      const [job, fleet] = [rings.job, rings.fleet];
      await say(bus, jobId, 2);
      await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      await eventually('the end rings at the fleet', () => rings.fleet > fleet);
      assert.equal(rings.job, job);
      assert.equal(rings.gone, 0);
      stopFleet();
    });

    check('a watcher who reads at every ring and once before misses nothing', async ({ bus }) => {
      const jobId = await submit(bus.events);
      await startAttempt(bus.events, jobId);
      const seen: FeedEntry[] = [];
      let busy = Promise.resolve();
      const catchUp = () => {
        busy = busy.then(async () => {
          seen.push(...(await bus.feed.read(ofJob(jobId), seen.at(-1)?.cursor, 1000)).entries);
        });
      };
      const stop = await bus.feed.watch(ofJob(jobId), catchUp);
      catchUp();
      for (let n = 1; n <= 30; n += 1) await say(bus, jobId, n);
      await endAttempt(bus.events, jobId, { kind: 'succeeded' });
      await eventually('the end is read', () => seen.at(-1)?.type === 'JobSucceeded');
      stop();
      await busy;
      assert.deepEqual(seen, (await bus.feed.read(ofJob(jobId), undefined, 1000)).entries);
      assert.equal(seen.length, 33);
    });

    check('a watch may begin before its job does', async ({ bus }) => {
      const first = submission();
      let rings = 0;
      const stop = await bus.feed.watch(ofJob(first.jobId), () => {
        rings += 1;
      });
      await bus.events.append(first);
      await eventually('the first event rings', () => rings > 0);
      stop();
    });
  });
}
