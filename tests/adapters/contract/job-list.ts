// The contract of the lists of the event log: pages and counts.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { carryOut, startAttempt, submit } from '../../support/ledger.js';
import { allPages } from './all-pages.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;

/** Registers the cases. */
export function jobListContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: job list`, () => {
    check('jobs are listed newest first, in pages, by status', async ({ bus: { events } }) => {
      const ids: string[] = [];
      for (let n = 0; n < 7; n += 1) ids.unshift(await submit(events, { now: 1_700_000_000_000 + n * 1000 }));
      const [newest = '', , third = ''] = ids;
      await carryOut(events, third, CANCEL);
      await startAttempt(events, newest, { now: 1_700_000_010_000 });

      assert.deepEqual(await allPages(events, 3), ids);
      assert.deepEqual(await allPages(events, 7), ids);
      assert.deepEqual(await allPages(events, 200), ids);
      const queued = await events.list({ status: 'queued', limit: 3 });
      assert.deepEqual(
        queued.jobs.map(({ id }) => id),
        [ids[1], ids[3], ids[4]],
      );
      const rest = await events.list({ status: 'queued', limit: 3, before: queued.next ?? '' });
      assert.deepEqual(
        rest.jobs.map(({ id }) => id),
        [ids[5], ids[6]],
      );
      assert.equal(rest.next, undefined);
      assert.deepEqual((await events.list({ status: 'failed', limit: 3 })).jobs, []);
    });

    check('jobs of the same millisecond are each listed once', async ({ bus: { events } }) => {
      const ids = await Promise.all(
        Array.from({ length: 9 }, () => submit(events, { now: 1_700_000_000_000 })),
      );
      assert.deepEqual((await allPages(events, 2)).sort(), ids.sort());
    });

    check('a job that arrives between two pages disturbs neither', async ({ bus: { events } }) => {
      const old = await submit(events, { now: 1_700_000_000_000 });
      const young = await submit(events, { now: 1_700_000_001_000 });
      const { jobs, next = '' } = await events.list({ limit: 1 });
      await submit(events, { now: 1_700_000_002_000 });
      assert.deepEqual(
        jobs.map(({ id }) => id),
        [young],
      );
      assert.deepEqual(
        (await events.list({ limit: 5, before: next })).jobs.map(({ id }) => id),
        [old],
      );
    });

    check('a malformed list cursor is the fault of the request', async ({ bus: { events } }) => {
      await submit(events);
      for (const before of [
        '',
        'x',
        '17',
        '-',
        ':',
        '1:',
        '((1700000000000',
        '../../etc/passwd',
        'NaN:NaN',
      ]) {
        const refused = (error: unknown) => isCode(error, 'INVALID_REQUEST');
        await assert.rejects(events.list({ limit: 5, before }), refused, JSON.stringify(before));
      }
    });

    check('the counts of each status follow the ledgers', async ({ bus: { events } }) => {
      const a = await submit(events, { now: 1_700_000_000_000 });
      for (const more of [1, 2]) await submit(events, { now: 1_700_000_000_000 + more });
      assert.equal(await events.count('queued'), 3);
      await carryOut(events, a, CANCEL);
      assert.equal(await events.count('queued'), 2);
      assert.equal(await events.count('cancelled'), 1);
      assert.equal(await events.count('expired'), 0);
    });
  });
}
