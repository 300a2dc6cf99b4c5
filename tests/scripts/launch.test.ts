// A Redis that does not come up: it is said what was waited for, nobody waits for ever, and nothing is left.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '../../scripts/redis/free-port.js';
import { type Launch, launch } from '../../scripts/redis/launch.js';
import { startRedisServer } from '../../scripts/redis/redis-server.js';
import { eventually } from '../support/eventually.js';
import { needsOwnRedis } from '../support/install-redis.js';
import { tempDir } from '../support/temp-dir.js';

const TIMEOUT = { timeout: 120_000 };
const LONG_MS = 110_000;
const LOADING = '-LOADING Redis is loading the dataset in memory';

/** What it answers when it is asked for the nth time, from 1; nothing at all, or it hangs up. */
type Manner = (nth: number) => string | 'nothing' | 'goodbye';

/** A process that only is there, and in its name somebody who listens already and has manners of his own. */
async function launchOdd(t: TestContext, manner: Manner, patienceMs: number): Promise<Launch> {
  const pidFile = join(await tempDir(), 'pid');
  let asked = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', async () => {
      asked += 1;
      const answer = manner(asked);
      if (answer === 'goodbye') socket.end();
      if (answer === 'goodbye' || answer === 'nothing') return;
      const pid = await eventually(
        'it says who it is',
        () => readFileSync(pidFile, 'utf8').trim() || undefined,
      );
      const info = `process_id:${pid}\r\n`;
      socket.write(`$${info.length}\r\n${info}\r\n${answer}\r\n`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const command = ['sh', '-c', `echo $$ > ${pidFile}; exec sleep 600`];
  const launched = launch({ command, port: address.port, patienceMs, log: () => 'first\nlast words\n' });
  t.after(() => launched.kill());
  return launched;
}

describe('the launch of a Redis', () => {
  for (const [what, answer, why] of [
    ['never answers', 'nothing', /it takes connections, and answers nothing/],
    ['hangs up', 'goodbye', /it hangs up at once/],
    ['loads its data for ever', LOADING, /it answers -LOADING/],
  ] as const) {
    test(`that ${what}: is given up, with the reason and the end of the log`, TIMEOUT, async (t) => {
      const launched = await launchOdd(t, () => answer, 100);
      await assert.rejects(launched.serving, (error) => {
        assert.match(String(error), /redis-server on port \d+ does not serve within 100 ms: /);
        assert.match(String(error), why);
        return /its log ends:\nfirst\nlast words$/.test(String(error));
      });
      assert.equal(launched.gaveUp(), false);
    });
  }

  test('that ends: is given up at once', TIMEOUT, async () => {
    const port = await freePort();
    const launched = launch({ command: ['false'], port, patienceMs: LONG_MS, log: () => '' });
    await assert.rejects(launched.serving, /redis-server on port \d+ has ended$/);
    assert.equal(launched.gaveUp(), true);
  });

  test('that loads its data first: serves when it has', TIMEOUT, async (t) => {
    let asked = 0;
    const manner: Manner = (nth) => {
      asked = nth;
      return nth < 3 ? LOADING : '+PONG';
    };
    const launched = await launchOdd(t, manner, LONG_MS);
    assert.equal(launched.pid(), undefined);
    await launched.serving;
    assert.ok((launched.pid() ?? 0) > 0);
    assert.equal(asked, 3);
  });

  test('that is killed before it serves: whoever waits is told', TIMEOUT, async (t) => {
    const launched = await launchOdd(t, () => 'nothing', LONG_MS);
    await launched.kill();
    await assert.rejects(launched.serving, /was killed/);
    assert.equal(launched.gaveUp(), false);
  });
});

describe('a Redis of one’s own', needsOwnRedis, () => {
  test('that is stopped while it starts is gone, and does not start again', TIMEOUT, async () => {
    const redis = await startRedisServer({ durable: true });
    const pid = redis.pid() ?? 0;
    await redis.kill();
    assert.equal(redis.pid(), undefined);
    await eventually('the killed one is gone', () => !isThere(pid));
    const starting = assert.rejects(redis.start(), /was killed|stopped for good/);
    await redis.stop();
    await starting;
    await assert.rejects(redis.start(), /stopped for good/);
    await redis.stop();
  });

  test(
    'that died by itself is nobody, whoever has its number then, and can be started again',
    TIMEOUT,
    async () => {
      const redis = await startRedisServer();
      try {
        const pid = redis.pid() ?? 0;
        process.kill(pid, 'SIGKILL');
        await eventually('it is known to be gone', () => redis.pid() === undefined);
        assert.equal(redis.signal('SIGCONT'), false);
        await redis.start();
        const again = redis.pid() ?? 0;
        assert.ok(isThere(again) && again !== pid, `${again} after ${pid}`);
        assert.equal(redis.signal('SIGCONT'), true);
      } finally {
        await redis.stop();
      }
    },
  );

  test('is one, however many start it', TIMEOUT, async () => {
    const redis = await startRedisServer();
    try {
      const pid = redis.pid();
      await redis.start();
      assert.equal(redis.pid(), pid, 'it was there');
      await redis.kill();
      await Promise.all([redis.start(), redis.start()]);
      assert.ok(isThere(redis.pid() ?? 0));
      assert.notEqual(redis.pid(), pid);
    } finally {
      await redis.stop();
    }
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
