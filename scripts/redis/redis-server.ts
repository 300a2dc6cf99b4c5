// A real Redis of one's own on a free port, to be killed and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureRedisServer } from './install-redis.js';

const START_MS = 10_000;
const POLL_MS = 10;

export interface RedisServer {
  readonly url: string;
  /** Leaves nothing: no process, no file. */
  stop(): Promise<void>;
  readonly port: number;
  /** The running process; undefined while it is killed. */
  pid(): number | undefined;
  /** SIGKILL; the data stays in its folder. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

export interface RedisServerOptions {
  /** Keeps what it acknowledged over a kill: AOF, synced at each write; with `everysec` all but the last second. */
  readonly durable?: boolean | 'everysec';
  /** Where its data and log go; a folder of its own when absent, removed by `stop`. */
  readonly dir?: string;
  readonly password?: string;
  /** Starts as the only node of a cluster, which refuses scripts whose keys lie in different slots. */
  readonly cluster?: boolean;
}

/** A Redis of one's own, to be killed and started again. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { durable = false, cluster = false, password } = options;
  ensureRedisServer();
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'agenticore-redis-')));
  const flags = ['--dir', dir, '--bind', '127.0.0.1', '--logfile', join(dir, 'redis.log'), '--save', ''];
  if (durable) flags.push('--appendonly', 'yes', '--appendfsync', durable === true ? 'always' : durable);
  if (password !== undefined) flags.push('--requirepass', password);

  if (cluster) flags.push('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));

  let port = 0;
  let running: Running | undefined;
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
    port,
    pid: () => running?.pid,
    kill,
    async start() {
      running ??= await launch(port, flags);
    },
    async stop() {
      await kill();
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly pid: number;
  kill(): Promise<void>;
}

/** The shell in between kills the server when this process ends, however it ends: its stdin is a pipe from here. */
const GUARD = '"$@" & pid=$!; echo $pid; cat > /dev/null; kill -9 $pid 2> /dev/null; wait $pid 2> /dev/null';

async function launch(port: number, flags: readonly string[]): Promise<Running> {
  const command = ['redis-server', '--port', String(port), ...flags];
  const guard = spawn('sh', ['-c', GUARD, 'sh', ...command], { stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = once(guard, 'exit');
  const pid = await readPid(guard);
  const kill = async (): Promise<void> => {
    guard.stdin?.end();
    await gone;
  };
  try {
    await whenAnswering(port, pid);
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

async function whenAnswering(port: number, pid: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await isAnswering(port, pid).catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`redis-server does not answer within ${START_MS / 1000} s`);
    await sleep(POLL_MS);
  }
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

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
