// Asking the surface without any client, and reading what it says byte by byte.
import type { EventSourceMessage } from 'eventsource-parser';
import { readStrictly } from '../../support/strict-sse.js';
import type { OpenAiServer } from './openai-server.js';

/** The parts of a chunk that tests look at. */
export interface Chunk {
  readonly id?: string;
  readonly created?: number;
  readonly model?: string;
  readonly choices?: readonly Readonly<Record<string, unknown>>[];
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly x_agenticore?: Readonly<Record<string, unknown>>;
  readonly error?: Readonly<Record<string, unknown>>;
}

export interface Told {
  readonly response: Response;
  readonly text: string;
  readonly frames: readonly EventSourceMessage[];
  readonly comments: readonly string[];
  /** Without `[DONE]`. */
  readonly chunks: readonly Chunk[];
}

export const HI = [{ role: 'user', content: 'hi' }];

/** Sends a chat request. */
export const ask = (
  { url }: OpenAiServer,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

/** Sends one whose answer is streamed, and reads it to its end. */
export const askStream = async (
  server: OpenAiServer,
  body: Readonly<Record<string, unknown>> = {},
  headers: Record<string, string> = {},
): Promise<Told> => readStream(await ask(server, { messages: HI, stream: true, ...body }, headers));

/** Reads the rest of an answer. */
export const resume = async (
  { url }: OpenAiServer,
  id: string,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(`${url}/v1/chat/completions/${id}/events`, { headers });

export async function readStream(response: Response): Promise<Told> {
  return parseStream(response, await response.text());
}

/** Strict: an unknown field is an error. */
export function parseStream(response: Response, text: string): Told {
  const sse = readStrictly();
  sse.feed(text);
  const { frames, comments } = sse;
  const chunks = frames.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as Chunk);
  return { response, text, frames, comments, chunks };
}

/** What a reader puts together of one channel. */
export function channel(chunks: readonly Chunk[], name: 'content' | 'reasoning_content'): string {
  return chunks.map((chunk) => String(deltaOf(chunk)[name] ?? '')).join('');
}

export function deltaOf({ choices }: Chunk): Readonly<Record<string, unknown>> {
  return (choices?.[0]?.delta ?? {}) as Readonly<Record<string, unknown>>;
}

/** What the chunks say that they are. */
export const kinds = (chunks: readonly Chunk[]): readonly unknown[] =>
  chunks.map(({ choices }) => choices?.[0]?.x_agenticore_event_type).filter((kind) => kind !== undefined);
