// A real Redis for tests: one of our own on a free port, or the one that AGENTICORE_TEST_REDIS_URL names.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { ensureRedisServer } from './install-redis.js';

export interface TestRedis {
  readonly url: string;
  /** Nobody else's: give each bus one that begins with it. */
  readonly keyPrefix: string;
  /** Leaves nothing: no process, no file, no key. */
  stop(): Promise<void>;
}

export interface OwnRedis extends TestRedis {
  readonly port: number;
  /** The running process; undefined while it is killed. */
  pid(): number | undefined;
  /** SIGKILL; the data stays in its folder. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

export interface OwnRedisOptions {
  /** Keeps what it acknowledged over a kill: AOF, synced at each write. */
  readonly durable?: boolean;
  readonly password?: string;
  /** Starts as the only node of a cluster, which refuses scripts whose keys lie in different slots. */
  readonly cluster?: boolean;
}

/** A Redis to share between tests. `given`: the address of one that is there already. */
export async function startRedis(given = process.env.AGENTICORE_TEST_REDIS_URL): Promise<TestRedis> {
  if (!given) return startOwnRedis();
  const keyPrefix = `test-${randomUUID()}`;
  return { url: given, keyPrefix, stop: () => removeKeys(given, keyPrefix) };
}

/** A Redis of one's own, to be killed and started again. */
export async function startOwnRedis(options: OwnRedisOptions = {}): Promise<OwnRedis> {
  const { durable = false, cluster = false, password } = options;
  ensureRedisServer();
  const dir = await mkdtemp(join(tmpdir(), 'agenticore-redis-'));
  const flags = ['--dir', dir, '--bind', '127.0.0.1', '--logfile', join(dir, 'redis.log'), '--save', ''];
  if (durable) flags.push('--appendonly', 'yes', '--appendfsync', 'always');
  if (password !== undefined) flags.push('--requirepass', password);

  if (cluster) flags.push('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));

  let port = 0;
  let running: RunningServer | undefined;
  for (let tries = 1; running === undefined; tries += 1) {
    port = await freePort();
    running = await launch(port, flags).catch((error: unknown) => {
      if (tries === 3) throw error; // most likely somebody else took the port
      return undefined;
    });
  }

  async function kill(): Promise<void> {
    await running?.kill();
    running = undefined;
  }

  return {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    keyPrefix: `test-${randomUUID()}`,
    port,
    pid: () => running?.pid,
    kill,
    async start() {
      running ??= await launch(port, flags);
    },
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface RunningServer {
  readonly pid: number;
  kill(): Promise<void>;
}

/** The shell in between kills the server when this process ends, however it ends: its stdin is a pipe from here. */
const GUARD = '"$@" & pid=$!; echo $pid; cat > /dev/null; kill -9 $pid 2> /dev/null; wait $pid 2> /dev/null';

async function launch(port: number, flags: readonly string[]): Promise<RunningServer> {
  const command = ['redis-server', '--port', String(port), ...flags];
  const guard = spawn('sh', ['-c', GUARD, 'sh', ...command], { stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = once(guard, 'exit');
  const pid = await readPid(guard);
  const kill = async (): Promise<void> => {
    guard.stdin?.end();
    await gone;
  };
  try {
    await eventually('redis-server answers', () => isAnswering(port, pid), 10_000);
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid, kill };
}

async function readPid(guard: ChildProcess): Promise<number> {
  if (!guard.stdout) throw new Error('the guard has no stdout');
  const [line] = await once(guard.stdout, 'data');
  return Number(String(line).trim());
}

/** True when the server of this process id, and not another one on the port, is up. */
async function isAnswering(port: number, pid: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('INFO server\r\n');
    const [reply] = await once(socket, 'data');
    const text = String(reply);
    return text.startsWith('-NOAUTH') || text.includes(`process_id:${pid}\r\n`);
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function removeKeys(url: string, keyPrefix: string): Promise<void> {
  const redis = new Redis(url);
  try {
    for await (const keys of redis.scanStream({ match: `{${keyPrefix}*`, count: 1000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  } finally {
    redis.disconnect();
  }
}
