// What the offers of a process make of answers and messages, with Redis played: orders of events that it seldom shows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { unreachable } from '../../../src/adapters/redis/bus-error.js';
import type { Connection } from '../../../src/adapters/redis/connection.js';
import type { Doorbell, Ring } from '../../../src/adapters/redis/doorbell.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import type { Given } from '../../../src/adapters/redis/offer.js';
import { createOffers } from '../../../src/adapters/redis/offers.js';
import { isCode } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';

const WANTED = { lane: 'lane', offers: 'offers', worker: 'w', start: undefined };
const never = new AbortController().signal;

const entry = (id: string): unknown => [id, ['jobId', `job-${id}`]];
const idsOf = (given: readonly (Given | undefined)[]) => given.map((one) => one?.entry.entryId).toSorted();

/** A call of wait.lua as it reaches Redis, to be answered. */
interface Asked {
  readonly count: number;
  readonly call: string;
  readonly earlier: readonly string[];
  readonly heard: readonly string[];
  answer(reply: readonly unknown[] | 'full' | 'met'): void;
  fail(error: unknown): void;
}

/** Offers, what they ask, and a way to send them messages. */
function scene() {
  const asked: Asked[] = [];
  let ring: Ring | undefined;
  let watches = 0;
  const redis = {
    evalsha: (_sha: string, _keys: number, ..._args: readonly unknown[]) => {
      const [, , , count, call, earlier, heard] = _args.map(String);
      return new Promise((answer, fail) => {
        const split = (text = ''): readonly string[] => text.split(' ').filter((one) => one !== '');
        asked.push({
          count: Number(count),
          call: call ?? '',
          earlier: split(earlier),
          heard: split(heard),
          answer,
          fail,
        });
      });
    },
  } as unknown as Redis;
  const connection = { redis, ask: (send) => send(redis, false) } as Pick<
    Connection,
    'redis' | 'ask'
  > as Connection;
  const doorbell: Doorbell = {
    async watch(_channel, onRing) {
      watches += 1;
      ring = onRing;
      return () => {
        ring = undefined;
      };
    },
    async close() {},
  };
  const script = { text: '', sha: '' };
  const offers = createOffers({ connection, doorbell, keys: openKeys('p'), script });
  return {
    offers,
    asked,
    /** The nth call, from 0, once it was made. */
    async call(nth: number): Promise<Asked> {
      await eventually(`call ${nth} is made`, () => asked[nth] !== undefined);
      const found = asked[nth];
      if (found === undefined) throw new Error('it was there');
      return found;
    },
    tell: (call: string, ...ids: readonly string[]) => ring?.(JSON.stringify([call, ids.map(entry)])),
    ring: (message?: string) => ring?.(message),
    listens: () => ring !== undefined,
    watches: () => watches,
  };
}

describe('what the offers of a process make of what they are told', () => {
  test('those who wait share an offer; a message is for as many as it names', async () => {
    const { offers, call, tell } = scene();
    const claims = [1, 2, 3].map(() => offers.next(WANTED, never));
    const first = await call(0);
    assert.equal(first.count, 3);
    first.answer([]);
    tell(first.call, '1-0', '2-0');
    assert.deepEqual(idsOf(await Promise.all(claims.slice(0, 2))), ['1-0', '2-0']);
    const second = await call(1);
    assert.deepEqual([second.count, second.earlier, second.heard], [1, [], [first.call]]);
    second.answer([entry('3-0')]);
    assert.deepEqual(idsOf(await Promise.all(claims)), ['1-0', '2-0', '3-0']);
  });

  test('what a message has told is given once, although the answer tells it again', async () => {
    const { offers, call, tell } = scene();
    const claims = [1, 2].map(() => offers.next(WANTED, never));
    const first = await call(0);
    tell(first.call, '1-0');
    tell(first.call, '1-0');
    first.answer([entry('1-0')]);
    const second = await call(1);
    second.answer([entry('2-0')]);
    assert.deepEqual(idsOf(await Promise.all(claims)), ['1-0', '2-0']);
  });

  test('what a message has told is asked for no more when the call fails after it', async () => {
    const { offers, call, tell } = scene();
    const claims = [1, 2].map(() => offers.next(WANTED, never));
    const first = await call(0);
    tell(first.call, '1-0');
    first.fail(unreachable('away'));
    const results = await Promise.allSettled(claims);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    const again = offers.next(WANTED, never);
    const second = await call(1);
    assert.deepEqual([second.earlier, second.heard], [[], [first.call]]);
    second.answer([entry('2-0')]);
    assert.equal((await again)?.entry.entryId, '2-0');
  });

  test('what may have been given is asked for after a failure, and kept for who comes next', async () => {
    const { offers, call, listens, watches } = scene();
    const claims = [1, 2].map(() => offers.next(WANTED, never));
    const first = await call(0);
    first.fail(unreachable('away'));
    await Promise.all(
      claims.map((claim) => assert.rejects(claim, (error) => isCode(error, 'BUS_UNREACHABLE'))),
    );
    await eventually('it listens no more', () => !listens());
    const third = offers.next(WANTED, never);
    const second = await call(1);
    assert.deepEqual([watches(), second.earlier], [2, [first.call]]);
    second.answer([entry('1-0'), entry('2-0')]);
    assert.deepEqual([(await third)?.entry.entryId, (await third)?.isOld], ['1-0', undefined]);
    const fourth = await offers.next(WANTED, never);
    assert.deepEqual([fourth?.entry.entryId, fourth?.isOld], ['2-0', true]);
  });

  test('who gives up goes when nothing can be on the way any more, and gets what is', async () => {
    const { offers, call, asked } = scene();
    const [stop, stopOther] = [new AbortController(), new AbortController()];
    const claims = [offers.next(WANTED, stop.signal), offers.next(WANTED, stopOther.signal)];
    const first = await call(0);
    first.answer([]);
    stop.abort();
    const second = await call(1);
    assert.deepEqual([second.count, second.earlier], [1, [first.call]]);
    second.answer([]);
    assert.equal(await claims[0], undefined);
    stopOther.abort();
    const third = await call(2);
    assert.deepEqual([third.count, third.earlier], [0, [second.call]]);
    third.answer([entry('1-0')]);
    assert.equal((await claims[1])?.entry.entryId, '1-0');
    assert.equal(asked.length, 3);
  });

  test('a message that is none of ours, and a reconnect, have it ask again: with the same offer', async () => {
    const { offers, call, ring } = scene();
    const claim = offers.next(WANTED, never);
    const first = await call(0);
    first.answer([]);
    await new Promise(setImmediate);
    ring('no message');
    const second = await call(1);
    assert.deepEqual([second.call, second.earlier], [first.call, []]);
    second.answer([]);
    await new Promise(setImmediate);
    ring();
    const third = await call(2);
    assert.equal(third.call, first.call);
    third.answer([entry('1-0')]);
    assert.equal((await claim)?.entry.entryId, '1-0');
  });

  test('who finds no room for an offer has none out, and asks again', async () => {
    const { offers, call } = scene();
    const stop = new AbortController();
    const claims = [offers.next(WANTED, stop.signal), offers.next(WANTED, never)];
    (await call(0)).answer('full');
    await new Promise(setImmediate);
    stop.abort();
    const second = await call(1);
    assert.deepEqual([second.count, second.earlier], [1, []]);
    second.answer([entry('1-0')]);
    assert.deepEqual([await claims[0], (await claims[1])?.entry.entryId], [undefined, '1-0']);
  });

  test('a message for a call of which nobody knows any more is for who waits, or who comes next', async () => {
    const { offers, call, tell } = scene();
    const first = offers.next(WANTED, never);
    const { call: name, answer } = await call(0);
    const begin = name.slice(0, -1);
    answer([]);
    tell(`${begin}77`, '1-0', '2-0');
    assert.equal((await first)?.entry.entryId, '1-0');
    const takenBack = await call(1);
    assert.deepEqual([takenBack.count, takenBack.earlier], [0, [name]]);
    takenBack.answer([]);
    const next = await offers.next(WANTED, never);
    assert.deepEqual([next?.entry.entryId, next?.isOld], ['2-0', true]);
  });

  test('who gives up while nobody answers goes soon, and what comes late is for who comes next', async () => {
    const { offers, call, listens } = scene();
    const stop = new AbortController();
    const claim = offers.next(WANTED, stop.signal);
    const first = await call(0);
    stop.abort();
    assert.equal(await claim, undefined);
    await eventually('it listens no more', () => !listens());
    first.answer([entry('1-0')]);
    await new Promise(setImmediate);
    const next = await offers.next(WANTED, never);
    assert.deepEqual([next?.entry.entryId, next?.isOld], ['1-0', true]);
  });

  test('an offer that is being given up is not made again under its name', async () => {
    const { offers, call } = scene();
    const stop = new AbortController();
    const claim = offers.next(WANTED, stop.signal);
    const first = await call(0);
    first.answer([]);
    await new Promise(setImmediate);
    stop.abort();
    const takenBack = await call(1);
    assert.equal(await claim, undefined);
    const next = offers.next(WANTED, never);
    const second = await call(2);
    assert.notEqual(second.call, first.call);
    assert.deepEqual(second.earlier.toSorted(), [first.call, takenBack.call].toSorted());
    second.answer([entry('1-0')]);
    assert.equal((await next)?.entry.entryId, '1-0');
  });

  test('what was met, and is held no more, is no offer: it asks again under another name', async () => {
    const { offers, call } = scene();
    const claim = offers.next(WANTED, never);
    const first = await call(0);
    first.answer('met');
    const second = await call(1);
    assert.notEqual(second.call, first.call);
    second.answer([entry('1-0')]);
    assert.equal((await claim)?.entry.entryId, '1-0');
  });

  test('a closed one says so', async () => {
    const { offers, call } = scene();
    const claim = offers.next(WANTED, never);
    (await call(0)).answer([]);
    await new Promise(setImmediate);
    offers.close();
    (await call(1)).fail(unreachable('the bus has been closed'));
    await assert.rejects(claim, (error) => isCode(error, 'BUS_UNREACHABLE'));
    await assert.rejects(offers.next(WANTED, never), (error) => isCode(error, 'BUS_UNREACHABLE'));
  });
});
