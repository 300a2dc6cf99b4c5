// Reads a job's feed to its end, whatever happens to the connection: resumes after the last frame it has seen.
import { createParser } from 'eventsource-parser';
import { AgenticoreError, ERRORS, messageOf } from '../../../domain/errors.js';
import { type HttpClient, readRefusal } from './http-client.js';

export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  /** One line of JSON. */
  readonly data: string;
}

export type FeedItem =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'away'; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: 'back' };

export interface FeedRequest {
  readonly jobId: string;
  /** Cursor of the last frame already seen. */
  readonly after?: string;
  readonly events?: 'all' | 'domain';
  /** Silence after which the connection counts as dead; the server says something every 15 s. Milliseconds. */
  readonly quietMs?: number;
}

const QUIET_MS = 45_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Frames are about 64 KiB at most; something far larger is no feed of ours. */
const MAX_BUFFER_CHARACTERS = 8 * 1024 * 1024;

/**
 * Yields each frame once, in order, up to and including `end`. While the server is away it says so and keeps trying,
 * until the signal aborts (then it just ends). Throws the server's refusals (no such job, no valid key).
 */
export async function* readFeed(
  http: HttpClient,
  request: FeedRequest,
  signal: AbortSignal,
): AsyncGenerator<FeedItem, void, undefined> {
  let cursor = request.after;
  let failures = 0;
  while (!signal.aborted) {
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    let trouble: AgenticoreError;
    try {
      const response = await open(http, request, cursor, either);
      if (response === undefined) return;
      if (failures > 0) yield { kind: 'back' };
      for await (const frame of readFrames(response, connection, request.quietMs ?? QUIET_MS)) {
        failures = 0;
        if (frame.id !== undefined && frame.id === cursor) continue;
        cursor = frame.id ?? cursor;
        yield { kind: 'frame', frame };
        if (frame.event === 'end') return;
      }
      trouble = new AgenticoreError('SERVER_UNREACHABLE', 'The server closed the connection.');
    } catch (error) {
      if (signal.aborted) return;
      trouble = asTrouble(error);
    } finally {
      connection.abort();
    }
    const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    failures += 1;
    const retryInMs = trouble.retryAfterS === undefined ? delay : trouble.retryAfterS * 1000;
    yield { kind: 'away', reason: trouble.message, retryInMs };
    await pause(retryInMs, signal);
  }
}

/** The open stream; undefined when there is nothing after the cursor any more. Throws refusals. */
async function open(
  http: HttpClient,
  request: FeedRequest,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Response | undefined> {
  const filter = request.events === 'domain' ? '?events=domain' : '';
  const response = await http.send(`/jobs/${encodeURIComponent(request.jobId)}/events${filter}`, {
    headers: { accept: 'text/event-stream', ...(cursor === undefined ? {} : { 'last-event-id': cursor }) },
    signal,
  });
  if (response.status === 204) return undefined;
  if (!response.ok) throw await readRefusal(response, http.url);
  return response;
}

async function* readFrames(
  response: Response,
  connection: AbortController,
  quietMs: number,
): AsyncGenerator<Frame, void, undefined> {
  let frames: Frame[] = [];
  const parser = createParser({
    maxBufferSize: MAX_BUFFER_CHARACTERS,
    onEvent: ({ id, event, data }) => frames.push({ id, event: event ?? 'message', data }),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
  const decoder = new TextDecoder();
  const quiet = setTimeout(() => connection.abort(new Error('The server has gone silent.')), quietMs);
  try {
    for await (const chunk of response.body ?? []) {
      quiet.refresh();
      parser.feed(decoder.decode(chunk, { stream: true }));
      const ready = frames;
      frames = [];
      yield* ready;
    }
  } finally {
    clearTimeout(quiet);
  }
}

/** What passes by itself is trouble and tried again; what does not is thrown. */
function asTrouble(error: unknown): AgenticoreError {
  if (!(error instanceof AgenticoreError)) {
    const broke = `The connection to the server broke (${messageOf(error)}).`;
    return new AgenticoreError('SERVER_UNREACHABLE', broke);
  }
  if (error.code !== 'SERVER_UNREACHABLE' && ERRORS[error.code].outcome !== 'transient') throw error;
  return error;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
