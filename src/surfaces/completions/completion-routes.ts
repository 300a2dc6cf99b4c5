// Single completions: ask, and wait or come back for the answer.
import type { Request, Response, Router } from 'express';
import type { Completion, CompletionStatus, Completions } from '../../app/turn/completions.js';
import type { Turns } from '../../app/turn/turns.js';
import { AgenticoreError, type Check } from '../../domain/errors.js';
import { present } from '../../domain/json-record.js';
import { withAnySignal } from '../http/any-signal.js';
import { callOf } from '../http/call.js';
import { jsonBody, queryChoice, queryLimit, takeBody } from '../http/limits.js';
import { route, sendJson } from '../http/route.js';
import { completionJson, outcomeJson, statusOf } from './completion-json.js';
import { type CompletionBody, completionCaller, toCompletionRequest } from './completion-request.js';

export interface CompletionDeps {
  readonly completions: Completions;
  readonly turns: Pick<Turns, 'models' | 'resolveModel'>;
  /** Of schemas/completion-request.schema.json. */
  readonly checkRequest: Check;
  readonly limits: { readonly maxBodyBytes: number };
  /** Aborted when the server closes: who waits is answered as things stand. */
  readonly closing: AbortSignal;
}

const STATUSES: readonly CompletionStatus[] = ['queued', 'running', 'completed', 'failed', 'cancelled'];
/** As the schema has it: nothing else is looked for. */
const UUID = /^[A-Za-z0-9._-]{1,128}$/;
/** What callers put into `context` is theirs. */
const BODY_BOUNDS = { depth: 32, members: 10_000 };

/** POST and GET /completions, GET /completions/{uuid}. */
export function addCompletionRoutes(router: Router, deps: CompletionDeps): void {
  route(router, '/completions', {
    POST: [takeBody(deps.limits.maxBodyBytes), (req, res) => complete(deps, req, res)],
    async GET(req, res) {
      const status = queryChoice(req, 'status', STATUSES);
      const limit = queryLimit(req, { usual: 20, most: 200 });
      const caller = completionCaller(req, callOf(res).caller);
      const found = await deps.completions.list(present({ caller, status, limit }));
      sendJson(res, 200, { success: true, count: found.length, completions: found.map(completionJson) });
    },
  });
  route(router, '/completions/:uuid', {
    async GET(req, res) {
      const caller = completionCaller(req, callOf(res).caller);
      const uuid = String(req.params.uuid);
      const completion = UUID.test(uuid) ? await deps.completions.find(uuid, caller) : undefined;
      if (completion === undefined)
        throw new AgenticoreError('JOB_NOT_FOUND', 'There is no completion with this uuid.');
      sendJson(res, 200, { success: true, completion: completionJson(completion) });
    },
  });
}

async function complete(deps: CompletionDeps, req: Request, res: Response): Promise<void> {
  const body = jsonBody(req, deps.checkRequest, undefined, BODY_BOUNDS) as CompletionBody;
  const request = toCompletionRequest(body, req, { turns: deps.turns, callerName: callOf(res).caller });
  const left = new AbortController();
  // Whoever hangs up stops waiting; the turn goes on.
  res.once('close', () => left.abort('the caller has hung up'));
  // Turns take longer than a connection may otherwise be silent.
  req.socket.setTimeout(0);
  const completion = await withAnySignal([left.signal, deps.closing], (signal) =>
    deps.completions.complete(request, body.wait !== false, signal),
  );
  if (left.signal.aborted) return;
  res.setHeader('Location', pollUrl(completion));
  if (body.wait === false || completion.endedAt === undefined) return sendAccepted(res, completion);
  sendJson(res, statusOf(completion), {
    success: completion.error === undefined,
    uuid: completion.uuid,
    ...outcomeJson(completion),
  });
}

const pollUrl = ({ uuid }: Completion): string => `/completions/${uuid}`;

function sendAccepted(res: Response, completion: Completion): void {
  const { status, uuid } = completion;
  sendJson(res, 202, { success: true, status, uuid, poll_url: pollUrl(completion) });
}
