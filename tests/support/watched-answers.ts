// Lets a test's server be checked in passing: every answer, whoever asked for it, against the description of the surface.
import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createJudge, type Judge } from '../../scripts/fuzz/judge-answer.js';
import { readSchema } from '../../src/runtime/schema.js';
import { describeApi } from '../../src/surfaces/openapi/describe-api.js';

/** So much of an answer is looked at; of a stream, its first frames. */
const MOST_BYTES = 1024 * 1024;
const MOST_STREAM_BYTES = 16 * 1024;

export interface Watched {
  readonly listener: RequestListener;
  /** Throws when an answer so far was not as described. */
  assertDescribed(): void;
}

let judge: Judge | undefined;

/** Serves as the listener does, and looks at what it says. */
export function watchAnswers(listener: RequestListener): Watched {
  judge ??= createJudge(describeApi('test', readSchema));
  const faults: string[] = [];
  const see = judge;
  return {
    listener(req, res) {
      const { method = '', url = '' } = req;
      const body = record(res);
      res.once('close', () => {
        if (!res.headersSent) return;
        const headers = Object.fromEntries(
          Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]),
        );
        const path = url.split('?')[0] ?? '';
        faults.push(...see({ method, path, status: res.statusCode, headers, body: body() }));
      });
      listener(req, res);
    },
    assertDescribed: () => assert.deepEqual(faults, [], 'answers that are not as /openapi.json says'),
  };
}

/** Keeps what is written; undefined when that was more than is looked at, or the answer broke off. */
function record(res: ServerResponse<IncomingMessage>): () => string | undefined {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const isStream = (): boolean => String(res.getHeader('content-type')).startsWith('text/event-stream');
  const keep = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    bytes += chunk.length;
    if (bytes <= (isStream() ? MOST_STREAM_BYTES : MOST_BYTES)) chunks.push(Buffer.from(chunk as string));
  };
  const { write, end } = res;
  res.write = ((...args: Parameters<typeof write>) => {
    keep(args[0]);
    return write.apply(res, args);
  }) as typeof write;
  res.end = ((...args: Parameters<typeof end>) => {
    keep(args[0]);
    return end.apply(res, args);
  }) as typeof end;
  return () => {
    const isWhole = res.writableFinished && bytes <= MOST_BYTES;
    return isWhole || isStream() ? Buffer.concat(chunks).toString() : undefined;
  };
}
