// What is said of a Redis that is there, but cannot be used as its address or its user is: each time what to mend.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { openConnection } from '../../../src/adapters/redis/connection.js';
import { isCode } from '../../../src/domain/errors.js';
import { needsOwnRedis } from '../../support/install-redis.js';
import { submit } from '../../support/ledger.js';
import { startOwnRedis } from '../../support/redis-server.js';
import { openBus, useRedis } from './redis-under-test.js';

const TIMEOUT = { timeout: 60_000 };
const PASSWORD = 'of the default user';

describe('what is said of a Redis that cannot be used', needsOwnRedis, () => {
  const redis = useRedis(() => startOwnRedis({ password: PASSWORD }));

  async function assertSaid(url: string, said: RegExp): Promise<void> {
    const bus = await openBus(redis.server, { url });
    try {
      await assert.rejects(bus.ping(), (error) => {
        assert.ok(isCode(error, 'BUS_UNREACHABLE'), String(error));
        assert.match(String(error), said);
        assert.doesNotMatch(String(error), /\.\.$|enableOfflineQueue/);
        return true;
      });
    } finally {
      await bus.close();
    }
  }

  async function whileListening(onSocket: (socket: Socket) => void, work: (port: number) => Promise<void>) {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      onSocket(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await work((server.address() as AddressInfo).port);
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  }

  test('a database that it does not have: nothing is written into another one', TIMEOUT, async () => {
    const url = `${redis.server.url}/99`;
    const bus = await openBus(redis.server, { url });
    try {
      for (const _again of [1, 2])
        await assert.rejects(submit(bus.events), /DB index is out of range; .*REDIS_URL/);
    } finally {
      await bus.close();
    }
    assert.equal(await redis.admin.dbsize(), 0);
  });

  test('no password, or a wrong one', TIMEOUT, async () => {
    const { port } = redis.server;
    await Promise.all([
      assertSaid(`redis://127.0.0.1:${port}`, /NOAUTH.*; set user and password .*REDIS_URL\)\.$/),
      assertSaid(`redis://:no@127.0.0.1:${port}`, /WRONGPASS.*; set user and password .*REDIS_URL\)\.$/),
    ]);
  });

  test('something that is no Redis, or with and without TLS mistaken', TIMEOUT, async () => {
    const strange = (onSocket: (socket: Socket) => void, said: RegExp): Promise<void> =>
      whileListening(onSocket, (port) => assertSaid(`redis://127.0.0.1:${port}`, said));
    await Promise.all([
      assertSaid(
        `rediss://127.0.0.1:${redis.server.port}`,
        /(nothing answers|hangs up).*rediss:\/\/ \(TLS\)/,
      ),
      strange(
        (socket) => void socket.once('data', () => socket.destroy()),
        /hangs up .*redis:\/\/ \(no TLS\)/,
      ),
      strange(() => {}, /has not answered yet/),
      strange(
        (socket) => void socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
        /(no Redis|hangs up).*redis:\/\/ \(no TLS\)/,
      ),
    ]);
  });

  test(
    'a user that may not do what a script does is waited for, as one that may not call it',
    TIMEOUT,
    async () => {
      const refused = [
        ['no-time', '+@all -time'],
        ['no-scripts', '+@all -@scripting'],
        ['no-keys', '+@all'],
      ] as const;
      for (const [user, rules] of refused) {
        const keys = user === 'no-keys' ? '~elsewhere:*' : '~*';
        await redis.admin.call('ACL', 'SETUSER', user, 'on', '>pw', keys, '&*', ...rules.split(' '));
        const bus = await openBus(redis.server, { url: `redis://${user}:pw@127.0.0.1:${redis.server.port}` });
        try {
          await assert.rejects(bus.queue.promoteDue(5), (error) => {
            assert.ok(isCode(error, 'BUS_UNREACHABLE'), `${user}: ${String(error)}`);
            assert.match(String(error), /; docs\/redis\.md says what its user must be allowed\.$/);
            return true;
          });
        } finally {
          await bus.close();
        }
      }
    },
  );

  test('an error of Redis that is our mistake does not carry what was sent', TIMEOUT, async () => {
    const options = { url: redis.server.url, name: 'mistaken', failFast: true, answerMs: 5000 };
    const connection = openConnection(options);
    const script = "return redis.call('NO SUCH COMMAND')";
    try {
      await assert.rejects(
        connection.ask((client) => client.eval(script, 0, 'a private task')),
        (error) => {
          assert.ok(error instanceof Error && error.name === 'ReplyError', String(error));
          const names = Object.getOwnPropertyNames(error);
          const told = JSON.stringify(names.map((name) => Reflect.get(error, name)));
          assert.ok(!told.includes('private task'), told);
          return true;
        },
      );
    } finally {
      await connection.close();
    }
  });
});
