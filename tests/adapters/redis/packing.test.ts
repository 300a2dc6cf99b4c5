// What packing does to a ledger: it becomes small, and comes back as it was, also when a later version unpacks it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { openAgenticore } from '../../../scripts/bench/queue/ours.js';
import { footprint } from '../../../scripts/bench/scale/footprint.js';
import { finishJobs, LIKE_REAL, NO_OP } from '../../../scripts/bench/scale/lives.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { packLedger, unpackAnswer, unpackLedger } from '../../../src/adapters/redis/packed-ledger.js';
import { DICTIONARY_1 } from '../../../src/adapters/redis/packing-dictionary.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { chainEvents, GENESIS } from '../../../src/domain/evidence.js';
import type { JobEvent } from '../../../src/domain/job-event.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { sampleOrder, sha256 } from '../../support/ledger.js';
import { startOwnRedis } from '../../support/redis-server.js';

/** A ledger of format 1 and its answer, as they were packed once. */
const PACKED = [
  'UDEAo13CTD07R/ynOKPMhWKivF1nVWvgXj8+wMYGExrAGZ2XsQ7CQAhAd7/CD9Dk4OA4PgfaEnVy0Bj/3sXYa3OaRkYGXoDhAYhyegcc8yGcyiDqMrlYgHCQ' +
    'ZmF2UrAwdWQWMsWcvFbEoaAGIhmOQRPXXVswNcgmO9MvW+QKP90Kf7q1zEfU7Tw+9/frx5/luzyX4+p117fqaYtWHysAdgHY/dqWG38B',
  'UDFzyc9L1QMA',
] as const;

const at = (nth: number): number => 1_795_000_000_000 + nth;

const life = (task: string, metadata: Readonly<Record<string, string>> = {}): readonly JobEvent[] => [
  { type: 'JobSubmitted', at: at(0), jobId: 'j', kind: 'task', order: sampleOrder({ task, metadata }) },
  { type: 'AttemptStarted', at: at(1), attempt: 1, worker: 'w', host: 'h' },
  { type: 'JobSucceeded', at: at(2), attempt: 1 },
];

/** The lines of a ledger; those behind the third stand after the end and have no place in the feed. */
const ledger = (events: readonly JobEvent[]): readonly string[] =>
  chainEvents(events, { version: 0, head: GENESIS }, sha256).lines.map((line, nth) =>
    nth < 3 ? `${at(nth)}-0 ${line}` : line,
  );

const mark = { cursor: `${at(1)}-3`, hash: sha256('said') };

describe('packing a ledger', () => {
  it('gives back what an earlier version packed', () => {
    const order = { queueTtlS: 60, ttlS: 60, maxAttempts: 1, backoffS: 1 };
    const [submitted, ...rest] = life('');
    assert.ok(submitted?.type === 'JobSubmitted');
    const { metadata: _none, ...plain } = sampleOrder({ task: 'tidy up', ...order });
    const [packed, answer] = PACKED.map((text) => Buffer.from(text, 'base64'));
    assert.ok(packed && answer);
    assert.deepEqual(unpackLedger('j', packed), {
      lines: ledger([{ ...submitted, order: plain }, ...rest]),
      mark,
    });
    assert.equal(unpackAnswer('j', answer), 'Done.');
  });

  it('refers to a dictionary that never changes', () => {
    assert.equal(
      sha256(DICTIONARY_1.toString()),
      '631d5461f3e6dd89c5c1a8ab0c6652d4a44dbf8eaeb4137cab07d3f03c255d71',
    );
  });

  it('gives back whatever may stand in an event', () => {
    const odd = {
      prev: GENESIS,
      version: '7',
      '10': 'b',
      '9': 'a',
      'a "key"': 'ü \u2028 \ud83d\ude80',
      '{': '}',
    };
    for (const task of ['', 'P1', '{"prev":"', 'a\nb\r\n\0', '日本語'.repeat(20_000), JSON.stringify(odd)]) {
      const closed = { type: 'CallbackDelivered', at: at(9), httpStatus: 204 } as const;
      const lines = ledger([...life(task, odd), closed]);
      const { elements, holdsAnswer } = packLedger(lines, { cursor: '0-0' }, task) ?? {};
      const [packed, answer, ...others] = elements ?? [];
      assert.ok(packed instanceof Buffer);
      assert.deepEqual(unpackLedger('j', packed), { lines, mark: { cursor: '0-0' } });
      assert.equal(holdsAnswer, task.length < 5000);
      if (holdsAnswer) assert.equal(answer instanceof Buffer && unpackAnswer('j', answer), task);
      assert.deepEqual(others, ['', '']);
    }
  });

  it('leaves alone what would come back otherwise', () => {
    const lines = ledger(life('tidy up'));
    const changed = (nth: number, change: (line: string) => string): readonly string[] =>
      lines.map((line, at) => (at === nth ? change(line) : line));
    assert.notEqual(packLedger(lines, mark), undefined);
    assert.equal(
      packLedger(
        changed(0, (line) => line.replace('tidy', 'mess')),
        mark,
      ),
      undefined,
    );
    assert.equal(
      packLedger(
        changed(1, (line) => line.replace(/"prev":"./, '"prev":"x')),
        mark,
      ),
      undefined,
    );
    assert.equal(
      packLedger(
        changed(2, (line) => line.replace('{', '{ ')),
        mark,
      ),
      undefined,
    );
    assert.equal(
      packLedger(
        changed(2, () => 'no JSON'),
        mark,
      ),
      undefined,
    );
    assert.equal(packLedger(lines.slice(1), mark), undefined);
    assert.equal(packLedger([], mark), undefined);
  });

  it(
    'makes a job like a real one smaller than 2,000 bytes, and the smallest no larger',
    needsOwnRedis,
    async (t) => {
      const server = await startOwnRedis();
      const queue = await openAgenticore(server.url);
      const admin = new Redis(server.url, { replyMapping: 'legacy' });
      t.after(async () => {
        await queue.close();
        admin.disconnect();
        await server.stop();
      });
      const keys = openKeys(queue.keyPrefix);
      const kept = async (jobIds: readonly string[]): Promise<number> =>
        (await footprint(admin, keys, jobIds)).kept;
      const real = await finishJobs(queue, LIKE_REAL, 40, 10);
      const noOp = await finishJobs(queue, NO_OP, 40, 10);
      const before = await kept(noOp);
      for (const jobId of [...real, ...noOp]) await trimJobs(queue.bus, sha256, { jobId });
      assert.ok((await kept(real)) < 2000, `${await kept(real)} bytes`);
      assert.ok((await kept(noOp)) < before, `${await kept(noOp)} bytes, ${before} before`);
      const [jobId = ''] = real;
      assert.equal(await queue.bus.events.answer(jobId), LIKE_REAL.answer);
      assert.equal((await queue.bus.events.read(jobId)).length, 11);
    },
  );
});
