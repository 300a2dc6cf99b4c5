// A whole agent for a test: the server as a process of its own in agent mode, the real claude with a scripted model, on
// either bus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../scripts/quickstart/start-server.js';
import type { Script } from '../../scripts/scripted-model/script.js';
import type { TestRedis } from '../support/redis-server.js';
import { type BusName, DOOR, type SurroundedServer, startSurrounded } from './surrounded-server.js';

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

export interface AgentUnderTest extends SurroundedServer {
  /** POST /v1/chat/completions, read to its end. */
  chat(body: Record<string, unknown>, headers?: Record<string, string>): Promise<Chat>;
  /** One user message in a conversation of its own history; resolves with the visible text. */
  say(messages: readonly object[], headers?: Record<string, string>): Promise<string>;
}

/** Starts it and waits until it is ready. */
export async function startAgent(
  bus: BusName | TestRedis,
  scripts: readonly Script[],
  env: Record<string, string> = {},
): Promise<AgentUnderTest> {
  const server = await startSurrounded(bus, scripts, {
    AGENT_MODE: 'true',
    // Each start of claude costs a second of a core: none is started that no turn asks for.
    AGENT_MODE_WARM_PROCESSES: '0',
    ...env,
  });
  const chat: AgentUnderTest['chat'] = async (body, headers = {}) => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'agenticore-agent', ...body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const say: AgentUnderTest['say'] = async (messages, headers) => {
    const { status, text } = await chat({ messages, stream: true }, headers);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return contentOf(chunksOf(text));
  };
  return Object.assign(server, { chat, say });
}

/** One more server of the same fleet, with files of its own. */
export async function startBeside(
  { settings }: AgentUnderTest,
  more: Record<string, string> = {},
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'agenticore-agent-'));
  const forget = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const { url, stop } = await startServer(DOOR, folder, { ...settings, ...more }).catch(async (error) => {
    await forget();
    throw error;
  });
  return { url, stop: () => stop().then(forget) };
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
