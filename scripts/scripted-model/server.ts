// A loopback server of the Messages API whose model reads from scripts, so that the real Claude Code works with no
// internet and no key: for tests, the quickstart, benchmarks, and everybody who wants to prove a profile offline.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { makeAnswer } from './answer.js';
import { type DueStep, findDueStep } from './due-step.js';
import { sendFault } from './fault.js';
import { type RecordedRequest, recordRequests } from './record-requests.js';
import { type ModelRequest, readRequest } from './request.js';
import type { Fault, Script } from './script.js';
import { sendError, sendStream, sendWhole, setRateLimit } from './send.js';

export type ScriptedModel = {
  readonly url: string;
  /** The latest requests, oldest first: a thousand, fewer when their bodies are large. */
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
};

export type ScriptedModelOptions = {
  readonly scripts: readonly Script[];
  readonly port?: number; // absent: a free one
  readonly pace?: 'instant' | number; // ms between two chunks; overrules the scripts
};

const maxBodyBytes = 64 * 1024 * 1024;

/** Starts the server on 127.0.0.1; `close()` ends it and every connection. Rejects when the port is taken. */
export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const { requests, record } = recordRequests();
  const faultsDone = new Map<string, number>();
  const server = createServer((req, res) => {
    res.on('error', () => {}); // a reader that leaves is no failure of ours
    handle(req, res).catch((error: unknown) => {
      if (res.headersSent) res.destroy();
      else sendError(res, 500, `The scripted model failed: ${String(error)}`);
    });
  });
  // A silence may last as long as its script says.
  server.requestTimeout = 0;

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [path = '/'] = (req.url ?? '/').split('?');
    const method = req.method ?? 'GET';
    const text = await readBody(req);
    if (text === undefined) return sendError(res, 413, 'Request exceeds the maximum size');
    const body = parseJson(text);
    const kept = { method, path, headers: req.headers, body: body ?? (text || undefined), at: Date.now() };
    record(kept, text.length);

    if (path === '/' && (method === 'GET' || method === 'HEAD')) {
      res.writeHead(200, { 'content-type': 'text/plain' });
      res.end(method === 'HEAD' ? undefined : 'The scripted model is listening.\n');
      return;
    }
    if (!req.headers['x-api-key'] && !req.headers.authorization)
      return sendError(res, 401, 'x-api-key header is required');
    const isMessages = path === '/v1/messages';
    if (!isMessages && path !== '/v1/messages/count_tokens') return sendError(res, 404, `Not found: ${path}`);
    if (method !== 'POST') return sendError(res, 405, 'Method Not Allowed');
    if (body === undefined) return sendError(res, 400, 'The request body is not valid JSON.');
    if (isMessages) return answer(body, text.length, res);
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ input_tokens: Math.ceil(text.length / 4) }));
  }

  async function answer(body: unknown, bytes: number, res: ServerResponse): Promise<void> {
    const request = readRequest(body);
    if ('problem' in request) return sendError(res, 400, request.problem);
    const due = findDueStep(request, options.scripts);
    if ('problem' in due) return sendError(res, 400, due.problem);
    const message = tryAnswer(due, request, bytes);
    if ('problem' in message) return sendError(res, 400, message.problem);
    const pace = options.pace ?? due.reply.pace ?? due.script.pace ?? 0;
    const paceMs = pace === 'instant' ? 0 : pace;
    const fault = takeFault(due, request);
    if (fault) return sendFault(res, fault, message, { stream: request.stream, paceMs });
    if (due.reply.rate_limit) setRateLimit(res, due.reply.rate_limit);
    return request.stream ? sendStream(res, message, paceMs) : sendWhole(res, message);
  }

  /** The fault of this step unless it has happened as often as it should. */
  function takeFault(due: DueStep, request: ModelRequest): Fault | undefined {
    const { fault } = due.reply;
    if (fault?.times === undefined) return fault;
    const conversation = fault.per === 'server' ? '' : [request.conversationId, due.promptIndex, due.prompt];
    const written = JSON.stringify([due.script.name, due.stepIndex, conversation]);
    const key = createHash('sha256').update(written).digest('base64');
    const done = faultsDone.get(key) ?? 0;
    if (done >= fault.times) return undefined;
    faultsDone.set(key, done + 1);
    return fault;
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted model has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function tryAnswer(due: DueStep, request: ModelRequest, bytes: number) {
  try {
    return makeAnswer(due, request, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `Script ${JSON.stringify(due.script.name)}, step ${due.stepIndex + 1}: ${reason}.` };
  }
}

async function readBody(req: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req) {
    bytes += part.length;
    if (bytes <= maxBodyBytes) parts.push(part); // a reader that leaves half-way could not be answered
  }
  if (bytes > maxBodyBytes) return undefined;
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
