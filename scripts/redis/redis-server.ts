// A real Redis of one's own on a free port, to be killed and started again.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { ensureRedisServer } from './install-redis.js';
import { type Launch, launch } from './launch.js';

/** A machine that stands still for a while, or a disk that is slow, is no reason to give up. */
const START_MS = 60_000;
/** Somebody else may take the port in between. */
const TRIES = 3;

export interface RedisServer {
  readonly url: string;
  /** Leaves nothing: no process, no file; also in the middle of a start. It cannot be started any more. */
  stop(): Promise<void>;
  readonly port: number;
  /** The process that serves; undefined while there is none, whoever ended it. */
  pid(): number | undefined;
  /** Sends it a signal, as SIGSTOP and SIGCONT; false when it is not running. */
  signal(name: NodeJS.Signals): boolean;
  /** SIGKILL; the data stays in its folder. */
  kill(): Promise<void>;
  /**
   * Starts it again on the same port and data; resolves when it serves. Rejects with what was waited for, also when it
   * is killed or stopped meanwhile.
   */
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
  const logFile = join(dir, 'redis.log');
  const flags = ['--dir', dir, '--bind', '127.0.0.1', '--logfile', logFile, '--save', ''];
  if (durable) flags.push('--appendonly', 'yes', '--appendfsync', durable === true ? 'always' : durable);
  if (password !== undefined) flags.push('--requirepass', password);
  if (cluster) flags.push('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()));

  let launched: Launch | undefined;
  let isStopped = false;

  function log(): string {
    try {
      return readFileSync(logFile, 'utf8');
    } catch {
      return ''; // it never got that far
    }
  }

  /** Whoever asks while it starts waits for the same launch. One that gives up by itself is tried again. */
  async function startOn(choose: () => number | Promise<number>): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      const port = await choose();
      if (isStopped) throw new Error('this Redis has been stopped for good');
      const command = ['redis-server', '--port', String(port), ...flags];
      if (launched?.gaveUp()) launched = undefined; // it has died since it served
      launched ??= launch({ command, port, patienceMs: START_MS, log });
      const own = launched;
      try {
        await own.serving;
        return port;
      } catch (error) {
        if (launched === own) launched = undefined;
        if (tries === TRIES || !own.gaveUp()) throw error;
      }
    }
  }

  async function kill(): Promise<void> {
    const own = launched;
    launched = undefined;
    await own?.kill();
  }

  async function stop(): Promise<void> {
    isStopped = true;
    await kill();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }

  const port = await startOn(() => freePort()).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    port,
    pid: () => launched?.pid(),
    signal(name) {
      const pid = launched?.pid();
      try {
        return pid !== undefined && process.kill(pid, name);
      } catch {
        return false; // it has ended at this moment
      }
    },
    kill,
    async start() {
      await startOn(() => port);
    },
    stop,
  };
}
