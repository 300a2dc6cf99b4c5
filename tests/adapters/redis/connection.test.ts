// How the bus gets to Redis: addresses, passwords, databases, a Redis that hangs, and nothing left behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAddress } from '../../../src/adapters/redis/address.js';
import { openConnection } from '../../../src/adapters/redis/connection.js';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { isCode } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { submit } from '../../support/ledger.js';
import { type OwnRedis, startOwnRedis } from '../../support/redis-server.js';
import { freshPrefix, openAdmin, openBus } from './redis-under-test.js';

const TIMEOUT = { timeout: 240_000 };
const PASSWORD = 's3cret:/%pass wörd';
const unreachable = (error: unknown): boolean => isCode(error, 'BUS_UNREACHABLE');

describe('the address of Redis', () => {
  test('host, port, user, password, database and TLS are read from the URL', () => {
    assert.deepEqual(parseAddress('redis://localhost'), { host: 'localhost', port: 6379, db: 0 });
    assert.deepEqual(parseAddress('redis://:pa%2Fss@10.0.0.1:7000/3'), {
      host: '10.0.0.1',
      port: 7000,
      password: 'pa/ss',
      db: 3,
    });
    assert.deepEqual(parseAddress('rediss://me:100%@cache.example:6380/'), {
      host: 'cache.example',
      port: 6380,
      username: 'me',
      password: '100%',
      db: 0,
      tls: { servername: 'cache.example' },
    });
    assert.deepEqual(parseAddress('rediss://[::1]:6380'), { host: '::1', port: 6380, db: 0, tls: {} });
  });

  test('anything else is refused without repeating it', () => {
    const refused = [
      '',
      'localhost',
      'localhost:6379',
      'http://:pw@h',
      'redis://',
      'redis://:pw@h/x',
      'redis://:pw@h?a=pw',
    ];
    for (const url of refused) {
      assert.throws(
        () => parseAddress(url),
        (error) => isCode(error, 'CONFIG_INVALID') && !String(error).includes('pw'),
        url,
      );
    }
  });
});

describe('a connection to Redis', needsOwnRedis, () => {
  let redis: OwnRedis;
  before(async () => {
    redis = await startOwnRedis({ password: PASSWORD });
  });
  after(() => redis.stop());

  test('password and database of the URL are honoured', TIMEOUT, async () => {
    const bus = await openBus(redis, { url: `${redis.url}/3`, keyPrefix: 'here' });
    const [there, elsewhere] = [openAdmin({ url: `${redis.url}/3` }), openAdmin(redis)];
    try {
      const jobId = await submit(bus.events);
      assert.equal(await there.exists(`{here}:job:${jobId}`), 1);
      assert.equal(await elsewhere.dbsize(), 0);
    } finally {
      there.disconnect();
      elsewhere.disconnect();
      await bus.close();
    }
  });

  test('a wrong or missing password is said, and neither shown nor logged', TIMEOUT, async () => {
    const lines: unknown[] = [];
    const logins = ['', `:not-${encodeURIComponent(PASSWORD)}@`];
    const tries = logins.map(async (login) => {
      const url = `redis://${login}127.0.0.1:${redis.port}`;
      const bus = await openBus(redis, { url, log: (...line) => lines.push(line) });
      try {
        await assert.rejects(bus.ping(), (error) => {
          lines.push(String(error), JSON.stringify(error), error);
          return unreachable(error) && /NOAUTH|WRONGPASS/.test(String(error));
        });
      } finally {
        await bus.close();
      }
    });
    await Promise.all(tries);
    const said = lines.map((line) => `${String(line)} ${JSON.stringify(line)}`).join('\n');
    assert.ok(!said.includes('s3cret') && !said.includes('pass%20'), said);
  });

  test('a Redis that hangs is unreachable until it answers again', TIMEOUT, async () => {
    const options = { url: redis.url, name: 'hanging', failFast: true };
    const connection = openConnection({ ...options, answerMs: 250 });
    try {
      await connection.ask((client) => client.ping());
      assert.ok(redis.signal('SIGSTOP'));
      await assert.rejects(
        connection.ask((client) => client.ping()),
        unreachable,
      );
      redis.signal('SIGCONT');
      await eventually('it answers', () => connection.ask((client) => client.ping()));
    } finally {
      redis.signal('SIGCONT');
      await connection.close();
    }
  });

  test('a line that Redis has hung up, and that is not closed yet, is waited for', TIMEOUT, async () => {
    const options = { url: redis.url, name: 'hung up', failFast: true, answerMs: 30_000 };
    const connection = openConnection(options);
    try {
      await connection.ask((client) => client.ping());
      connection.redis.stream.end(); // as when the other end is closed: nothing can be written any more
      assert.equal(connection.redis.status, 'ready');
      assert.equal(await connection.ask((client) => client.ping()), 'PONG');
    } finally {
      await connection.close();
    }
  });

  test('a claim given up while Redis hangs ends, and takes nothing', TIMEOUT, async () => {
    const keyPrefix = freshPrefix(redis);
    const bus = await openBus(redis, { keyPrefix });
    const admin = openAdmin(redis);
    try {
      const stop = new AbortController();
      const claiming = bus.queue.claim('jobs', 'w', stop.signal);
      const { offers } = openKeys(keyPrefix);
      await eventually('the claim waits', async () => (await admin.llen(offers('jobs'))) === 1);
      assert.ok(redis.signal('SIGSTOP'));
      stop.abort();
      assert.equal(await claiming, undefined);
      redis.signal('SIGCONT');
      await eventually('it answers', () => bus.ping().then(() => true));
      await submit(bus.events);
      assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
    } finally {
      redis.signal('SIGCONT');
      admin.disconnect();
      await bus.close();
    }
  });

  test('a Redis that is full is not ready, although it answers', TIMEOUT, async () => {
    const bus = await openBus(redis);
    const admin = openAdmin(redis);
    try {
      await bus.ping();
      await admin.config('SET', 'maxmemory', '1');
      await assert.rejects(bus.ping(), unreachable);
      await admin.config('SET', 'maxmemory', '0');
      await bus.ping();
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });

  test('a closed bus has left Redis, and says so when it is used', TIMEOUT, async () => {
    const bus = await openBus(redis, { consumer: 'leaving soon' });
    const admin = openAdmin(redis);
    try {
      await bus.feed.watch({ kind: 'fleet' }, () => undefined);
      const claiming = assert.rejects(
        bus.queue.claim('jobs', 'w', new AbortController().signal),
        unreachable,
      );
      const names = async () =>
        String(await admin.client('LIST'))
          .split('\n')
          .filter((line) => line.includes('name=agenticore:leaving_soon'));
      await eventually('its connections are open', async () => (await names()).length === 2);
      await bus.close();
      await claiming;
      await eventually('they are gone', async () => (await names()).length === 0);
      await assert.rejects(bus.ping(), unreachable);
      await assert.rejects(
        bus.feed.watch({ kind: 'fleet' }, () => undefined),
        unreachable,
      );
      await bus.close();
    } finally {
      admin.disconnect();
      await bus.close();
    }
  });

  for (const [what, port] of [
    ['a Redis that is there', 'there'],
    ['one that is away', '1'],
  ] as const) {
    test(`a process that closed its bus ends by itself: ${what}`, TIMEOUT, async () => {
      const program = fileURLToPath(new URL('./use-and-close.js', import.meta.url));
      const url = port === 'there' ? redis.url : `redis://127.0.0.1:${port}`;
      const child = spawn(process.execPath, [program, url], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [output] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
      assert.equal(Buffer.concat(output).toString(), 'closed, and left .\n');
    });
  }
});
