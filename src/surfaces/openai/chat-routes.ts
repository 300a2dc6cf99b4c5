// POST /v1/chat/completions, and the rest of an answer that broke off.
import type { Request, Response, Router } from 'express';
import { callOf } from '../http/call.js';
import { asJobId, queryText, takeBody } from '../http/limits.js';
import { createOutflow } from '../http/outflow.js';
import { route } from '../http/route.js';
import { createEventStream, type EventStream } from '../http/sse.js';
import { parsePlace, START } from './answer/place.js';
import { streamConfig, streamTurn } from './answer/stream-answer.js';
import { answerConfig, answerWhole } from './answer/whole-answer.js';
import type { OpenAiDeps } from './openai-deps.js';
import { type ChatRequest, parseChatRequest } from './request/parse-request.js';
import { type Admitted, admit, again, type TurnDesk } from './turns/admit.js';
import { createAttendance } from './turns/attendance.js';
import { timedToFirst } from './turns/first-delta.js';
import { createRecentTurns, type TurnCard } from './turns/recent-turns.js';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
/** A turn that is not known here is found on the bus, or missed, well within this. */
const PROOF_MS = 2_000;

/** POST /v1/chat/completions and GET /v1/chat/completions/{id}/events. */
export function addChatRoutes(router: Router, deps: OpenAiDeps): void {
  const { limits, clock } = deps;
  const desk: TurnDesk = {
    ...deps,
    attendance: createAttendance(limits.disconnectGraceMs),
    recent: createRecentTurns(limits, clock.now),
  };
  route(router, '/v1/chat/completions', {
    POST: [
      takeBody(limits.maxBodyBytes),
      (req, res) => {
        const request = parseChatRequest(deps, req, callOf(res).caller);
        // A turn may have to wait for the one before it longer than a connection may otherwise be silent.
        req.socket.setTimeout(0);
        return request.stream ? stream(deps, desk, request, res) : answer(deps, desk, request, res);
      },
    ],
  });
  route(router, '/v1/chat/completions/:id/events', {
    GET: (req, res) => resume(deps, desk, req, res),
  });
}

const eventStream = (res: Response, deps: OpenAiDeps): EventStream =>
  createEventStream(res, deps, EVENT_STREAM);

async function stream(deps: OpenAiDeps, desk: TurnDesk, request: ChatRequest, res: Response): Promise<void> {
  const events = eventStream(res, deps);
  const timing = timingOf(deps);
  const admitted = await unlessGone(admit(desk, request, events.gone), events.gone);
  if (admitted === undefined) return;
  if (admitted.kind === 'configured')
    return streamConfig(events, configHead(deps, request, res), admitted.config, request.includeUsage);
  const { includeUsage } = request;
  res.once('finish', admitted.delivered);
  await streamTurn(events, timedToFirst(admitted.turn, timing), { ...deps, includeUsage });
}

async function answer(deps: OpenAiDeps, desk: TurnDesk, request: ChatRequest, res: Response): Promise<void> {
  const outflow = createOutflow(res, deps.limits);
  const timing = timingOf(deps);
  const admitted = await unlessGone(admit(desk, request, outflow.gone), outflow.gone);
  if (admitted === undefined) return;
  if (admitted.kind === 'configured')
    return answerConfig(res, configHead(deps, request, res), admitted.config);
  res.once('finish', admitted.delivered);
  await answerWhole(res, outflow, timedToFirst(admitted.turn, timing), deps);
}

/** From now on. */
const timingOf = ({ meter, clock }: OpenAiDeps) => ({ meter, now: clock.now, since: clock.now() });

/** Nobody is told of a refusal who has hung up before it. */
async function unlessGone(admitting: Promise<Admitted>, gone: AbortSignal): Promise<Admitted | undefined> {
  return admitting.catch((error: unknown) => {
    if (gone.aborted) return undefined;
    throw error;
  });
}

/** No job stands behind it. */
const configHead = ({ clock }: OpenAiDeps, { model }: ChatRequest, res: Response) => ({
  id: `chatcmpl-${callOf(res).requestId}`,
  created: Math.floor(clock.now() / 1000),
  model,
});

async function resume(deps: OpenAiDeps, desk: TurnDesk, req: Request, res: Response): Promise<void> {
  const jobId = asJobId(String(req.params.id).replace(/^chatcmpl-/, ''));
  const text = req.get('last-event-id') || queryText(req, 'last_event_id');
  const { place: seen, ended } = text === undefined ? { place: START, ended: false } : parsePlace(text);
  if (ended) {
    res.writeHead(204).end();
    return;
  }
  const { caller } = callOf(res);
  const card = desk.recent.card(jobId);
  const known = card?.caller === caller ? card : undefined;
  const asksUsage = queryText(req, 'include_usage') === 'true';
  await streamTurn(eventStream(res, deps), again(desk, known ?? strange(deps, jobId, caller), caller), {
    ...deps,
    includeUsage: asksUsage || known?.includeUsage === true,
    seen,
    ...(known === undefined ? { proofMs: PROOF_MS } : {}),
  });
}

/** What can be said of a turn that another process answered. */
const strange = ({ turns, clock }: OpenAiDeps, jobId: string, caller: string): TurnCard => ({
  jobId,
  caller,
  conversationId: undefined,
  model: turns.models()[0]?.id ?? '',
  created: Math.floor(clock.now() / 1000),
  includeUsage: false,
  jsonOnly: false,
  showsThinking: true,
});
