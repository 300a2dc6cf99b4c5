// All keys share one hash tag, so that every script may run on a cluster, and only keys.ts knows them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { isCode } from '../../../src/domain/errors.js';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { carryOut, endAttempt, startAttempt, startTurn, submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { openAdmin, openBus } from './redis-under-test.js';

const scripts = new URL('../../../src/adapters/redis/scripts/', import.meta.url);

describe('the keys of the bus', () => {
  test('the lane has the name that autoscalers are told', () => {
    assert.equal(openKeys('agenticore').lane('jobs'), '{agenticore}:lane:jobs');
  });

  test('every key and channel carries the hash tag of the prefix, whatever is in the ids', () => {
    const keys: unknown[] = Object.values(openKeys('p')).flatMap((key) =>
      typeof key === 'function' ? key('{x}:y') : key,
    );
    assert.ok(keys.length > 15);
    for (const key of keys) assert.match(String(key), /^\{p\}:/);
  });

  test('a prefix that is no hash tag is refused', () => {
    for (const prefix of ['', '{', 'a}', 'a b']) {
      assert.throws(
        () => openKeys(prefix),
        (error) => isCode(error, 'CONFIG_INVALID'),
        prefix,
      );
    }
  });

  test('scripts name no key of their own', () => {
    // admission.lua builds the keys of other jobs, below the prefix that it is given.
    const files = readdirSync(scripts).filter((file) => file !== 'admission.lua');
    assert.ok(files.length >= 15);
    for (const file of files) {
      const code = readFileSync(new URL(file, scripts), 'utf8')
        .replace(/--.*$/gm, '')
        .replace(/'XREADGROUP', .*'STREAMS', /g, "'XREADGROUP', "); // its keys come last
      const commands = [...code.matchAll(/redis\.p?call\('(\w+)'(?:, '(\w+)')?, ([^,)]+)/g)];
      for (const [call, , subcommand, key] of commands) {
        assert.match(
          key ?? '',
          /^(unpack\()?(K\.)?[a-zA-Z_]+(\[\w+\])?$/,
          `${file}: ${call} ${subcommand ?? ''}`,
        );
      }
      assert.doesNotMatch(code, /'[^']*(job|lane|idem|feed|jobs):/, file);
    }
  });
});

describe('the keys of the bus on a cluster', needsOwnRedis, () => {
  let redis: OwnRedis;
  let admin: Redis;
  before(async () => {
    redis = await startOwnRedis({ cluster: true });
    admin = openAdmin(redis);
    await admin.cluster('ADDSLOTSRANGE', 0, 16383);
    const isUp = async () => (await admin.cluster('INFO')).includes('cluster_state:ok');
    await eventually('the cluster of one is up', isUp);
  });
  after(async () => {
    admin.disconnect();
    await redis.stop();
  });

  test('a life of jobs uses one slot only', { timeout: 60_000 }, async () => {
    const bus = await openBus(redis, { keyPrefix: 'agenticore', leaseMs: 1 });
    try {
      const idempotency = { key: 'someone:{odd}', digest: 'd', ttlMs: 60_000 };
      const [jobId, parked, gone] = [
        await submit(bus.events, { idempotency }),
        await submit(bus.events, { now: Date.now() - 60_000 }),
        await submit(bus.events),
      ];
      const claim = await bus.queue.claim('jobs', 'w', new AbortController().signal);
      await claim?.extend();
      await bus.queue.reclaim('jobs', 'w', 5);
      await claim?.release();
      await startAttempt(bus.events, jobId);
      const data = '{"preview":true}';
      await bus.transcript.append(jobId, 1, [{ seq: 1, kind: 'message', type: 'user', data, whole: '{}' }]);
      await carryOut(bus.events, jobId, { type: 'RequestCancel', by: 'somebody' });
      await startAttempt(bus.events, parked, { now: Date.now() - 60_000 });
      const limit = {
        kind: 'failed',
        code: 'CLAUDE_USAGE_LIMIT',
        error: 'limit',
        resetsAt: Date.now() + 60_000,
      } as const;
      await endAttempt(bus.events, parked, limit, { answer: 'so far' });
      await bus.queue.promoteDue(5);
      await bus.queue.depth('jobs');
      await bus.events.remove(gone);
      await bus.events.list({ limit: 5 });
      await bus.feed.read({ kind: 'fleet' }, undefined, 5);
      const worker = { worker: 'w', host: 'h', version: '1', slots: 1, running: [], draining: false };
      await bus.registry.beat({ ...worker, startedAt: 1, seenAt: 2 }, 60_000);
      await bus.registry.list();

      await startTurn(bus.events);
      await bus.queue.holdDirect(await startTurn(bus.events), 1).extend();
      await bus.queue.lapsedDirect(5);
      await submit(bus.events, { kind: 'turn', request: '{}' });
      const { conversations } = bus;
      await conversations.save(
        '{c}',
        { sessionId: 's', head: 'h', setup: 's', worker: 'w', thread: 't' },
        60_000,
      );
      await conversations.setVisibility('agent', TEXT_ONLY);
      await conversations.takeTurn('{c}', 'j', 60_000);
      await conversations.extendTurn('{c}', 'j', 60_000);
      await conversations.takeTurn('{d}', 'j', 60_000);
      await conversations.endTurn('{d}', 'j');
      await bus.grants.put('client', '{c}', 'text', 60_000);
      await bus.grants.replace('client', '{c}', 'text', 'other', 60_000);
      await bus.tallies.count('{login}', 60_000);

      const keys = await admin.keys('*');
      const kinds = new Set(keys.map((key) => key.replace(/(job|idem):[^:]+/, '$1')));
      assert.ok(kinds.size >= 19, [...kinds].join(' '));
      const slots = await Promise.all(keys.map((key) => admin.cluster('KEYSLOT', key)));
      assert.equal(new Set(slots).size, 1, keys.join(' '));
    } finally {
      await bus.close();
    }
  });
});
