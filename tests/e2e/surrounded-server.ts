// A server as a process of its own with all that stands around it: a scripted model, a folder, a bus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningServer, startServer } from '../../scripts/quickstart/start-server.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { type ScriptedModel, startScriptedModel } from '../../scripts/scripted-model/server.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';

export type BusName = 'file' | 'redis';
export type JobJson = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };

export const DOOR = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** The key that the server holds; it must turn up nowhere else. */
export const MODEL_KEY = 'sk-ant-planted-0123456789abcdefghij';

export interface SurroundedServer {
  readonly url: string;
  readonly folder: string;
  readonly model: ScriptedModel;
  readonly redis: TestRedis | undefined;
  /** What the server was started with: what one more server of the same fleet needs. */
  readonly settings: Readonly<Record<string, string>>;
  get(path: string): Promise<Response>;
  job(id: string): Promise<JobJson>;
  /** Waits until the job has a terminal status. */
  ended(id: string): Promise<JobJson>;
  /** A signal to the server; SIGKILL when left out. */
  kill(signal?: NodeJS.Signals): void;
  restart(more?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

const TERMINAL = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Starts it on files, on the Redis of all tests, or on one given, which it then stops. */
export async function startSurrounded(
  bus: BusName | TestRedis,
  scripts: readonly Script[],
  env: Record<string, string>,
): Promise<SurroundedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-e2e-'));
  const model = await startScriptedModel({ scripts, pace: 'instant' });
  const given = typeof bus === 'object' ? bus : undefined;
  const redis: TestRedis | undefined = bus === 'redis' ? await startRedis() : given;
  const settings = {
    ANTHROPIC_API_KEY: MODEL_KEY,
    ANTHROPIC_BASE_URL: model.url,
    LOG_LEVEL: 'debug',
    ...(redis ? { REDIS_URL: redis.url, REDIS_KEY_PREFIX: redis.keyPrefix, AGENTICORE_LEASE: '3' } : {}),
    ...env,
  };
  const closeAround = async (): Promise<void> => {
    await model.close();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  let server: RunningServer = await startServer(DOOR, folder, settings).catch(async (error: unknown) => {
    await closeAround();
    throw error;
  });

  const get = (path: string): Promise<Response> =>
    fetch(`${server.url}${path}`).catch((error: unknown) => {
      throw new Error(server.end() ?? 'it does not answer', { cause: error });
    });
  const job = async (id: string): Promise<JobJson> => (await readJson(await get(`/jobs/${id}`))).job;
  return {
    get url() {
      return server.url;
    },
    ...{ folder, model, redis, settings, get, job },
    ended: (id) =>
      eventually(
        `job ${id} ends`,
        async () => {
          const found = await job(id);
          return TERMINAL.includes(found.status) && found;
        },
        60_000,
      ),
    kill: (signal = 'SIGKILL') => server.signal(signal),
    async restart(more = {}) {
      await server.stop();
      server = await startServer(DOOR, folder, { ...settings, ...more });
    },
    async close() {
      await server.stop();
      await closeAround();
    },
  };
}

/** The body of an answer that is none of a refusal. */
export async function readJson(response: Response): Promise<{ job: JobJson }> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text);
}
