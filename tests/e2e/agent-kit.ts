// A whole agent for a test: the server as a process of its own in agent mode, the real claude with a scripted model, on
// either bus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../../scripts/quickstart/start-server.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import { type ScriptedModel, startScriptedModel } from '../../scripts/scripted-model/server.js';
import { eventually } from '../support/eventually.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';
import { type BusName, DOOR, type JobJson, MODEL_KEY } from './fleet.js';

export interface Chat {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it was on the wire. */
  readonly text: string;
}

export interface Chunk {
  readonly id?: string;
  readonly choices?: readonly {
    readonly delta: Readonly<Record<string, string>>;
    readonly finish_reason: string | null;
    readonly [extension: string]: unknown;
  }[];
  readonly error?: { readonly message: string; readonly code: string; readonly type: string };
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly [extension: string]: unknown;
}

export interface AgentUnderTest {
  readonly url: string;
  readonly folder: string;
  readonly model: ScriptedModel;
  readonly settings: Readonly<Record<string, string>>;
  readonly redis: TestRedis | undefined;
  /** POST /v1/chat/completions, read to its end. */
  chat(body: Record<string, unknown>, headers?: Record<string, string>): Promise<Chat>;
  /** One user message in a conversation of its own history; resolves with the visible text. */
  say(messages: readonly object[], headers?: Record<string, string>): Promise<string>;
  get(path: string): Promise<Response>;
  job(id: string): Promise<JobJson>;
  ended(id: string): Promise<JobJson>;
  restart(env?: Record<string, string>): Promise<void>;
  /** A signal to the server; SIGKILL when left out. */
  kill(signal?: NodeJS.Signals): void;
  close(): Promise<void>;
}

const ENDED = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Starts it and waits until it is ready. */
export async function startAgent(
  bus: BusName | TestRedis,
  scripts: readonly Script[],
  env: Record<string, string> = {},
): Promise<AgentUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-agent-'));
  const model = await startScriptedModel({ scripts, pace: 'instant' });
  const given = typeof bus === 'object' ? bus : undefined;
  const redis: TestRedis | undefined = bus === 'redis' ? await startRedis() : given;
  const settings = {
    AGENT_MODE: 'true',
    // Each start of claude costs a second of a core: none is started that no turn asks for.
    AGENT_MODE_WARM_PROCESSES: '0',
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

  const get = (path: string): Promise<Response> => fetch(`${server.url}${path}`);
  const job = async (id: string): Promise<JobJson> => {
    const { job: found } = (await (await get(`/jobs/${id}`)).json()) as { job: JobJson };
    return found;
  };
  const chat: AgentUnderTest['chat'] = async (body, headers = {}) => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'agenticore-agent', ...body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return {
    get url() {
      return server.url;
    },
    folder,
    model,
    settings,
    redis,
    chat,
    async say(messages, headers) {
      const { status, text } = await chat({ messages, stream: true }, headers);
      if (status !== 200) throw new Error(`${status}: ${text}`);
      return contentOf(chunksOf(text));
    },
    get,
    job,
    ended: (id) =>
      eventually(
        `turn ${id} ends`,
        async () => {
          const found = await job(id);
          return ENDED.includes(found.status) && found;
        },
        60_000,
      ),
    async restart(more = {}) {
      await server.stop();
      server = await startServer(DOOR, folder, { ...settings, ...more });
    },
    kill: (signal = 'SIGKILL') => void process.kill(server.pid, signal),
    async close() {
      await server.stop();
      await closeAround();
    },
  };
}

/** The chunks of a stream, `[DONE]` left out. */
export const chunksOf = (text: string): readonly Chunk[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)));

/** What a plain client shows of a stream. Throws what the stream failed with. */
export function contentOf(chunks: readonly Chunk[]): string {
  const failed = chunks.find(({ error }) => error !== undefined)?.error;
  if (failed !== undefined) throw new Error(`${failed.code}: ${failed.message}`);
  return chunks.map(({ choices }) => choices?.[0]?.delta.content ?? '').join('');
}

/** The job that a stream belongs to. */
export const jobOf = (chunks: readonly Chunk[]): string => chunks[0]?.id?.replace('chatcmpl-', '') ?? '';

export const user = (content: string): object => ({ role: 'user', content });
export const assistant = (content: string): object => ({ role: 'assistant', content });

/** The last request to the model that has the text in it. */
export const requestWith = (agent: AgentUnderTest, text: string) =>
  agent.model.requests.findLast(({ body }) => body !== undefined && JSON.stringify(body).includes(text));
