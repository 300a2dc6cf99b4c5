// The agent's counter: what is shown, which conversation, whose turn, a place - and only then a turn is accepted.

import type { TurnRequest } from '../../domain/chat.js';
import { AgenticoreError } from '../../domain/errors.js';
import { takePartTokens } from '../../domain/slash-tokens.js';
import { applyTokens, type StreamConfig, TEXT_ONLY, type Visibility } from '../../domain/visibility.js';
import { getJob } from '../inspect-jobs.js';
import { followTurn } from './follow-turn.js';
import { allModels, resolveModel } from './models.js';
import { openDirect } from './open-direct.js';
import { endTurn, type Thread, takeTurn, threadOf } from './thread.js';
import type { TurnDeps } from './turn-deps.js';
import type { OpenedTurn, Turns } from './turns.js';
import { createWaitingRoom, type WaitingRoom } from './waiting-room.js';

/** The turns of this process. */
export function openTurns(deps: TurnDeps): Turns {
  const room = createWaitingRoom(deps);
  return {
    models: () => allModels(deps.packages.current()),
    resolveModel: (id) => resolveModel(deps.packages.current(), id),
    open: (request, signal) => open(deps, room, request, signal),
    async replay(jobId, caller, take, signal) {
      const { job } = await getJob(deps.events, jobId);
      if (job.kind !== 'turn' || job.order.turn?.caller !== caller)
        throw new AgenticoreError('JOB_NOT_FOUND');
      return followTurn(deps, job, take, signal);
    },
  };
}

/** How long a process that leaves, or an account at its limit, is worth waiting for before asking again. */
const BUSY_RETRY_S = 5;
const MOST_RETRY_S = 60;

async function open(
  deps: TurnDeps,
  room: WaitingRoom,
  request: TurnRequest,
  signal: AbortSignal,
): Promise<OpenedTurn> {
  if (!deps.accepting()) throw new AgenticoreError('DRAINING', undefined, { retryAfterS: BUSY_RETRY_S });
  const thread = threadOf(deps, request);
  const shown = await settleVisibility(deps, request, thread);
  if (shown.isAll) return { kind: 'configured', config: shown.config };
  const jobId = deps.newId();
  const { id } = thread;
  const [until] = await Promise.all([
    deps.breaker.openUntil(deps.credential),
    id === undefined ? undefined : takeTurn(deps, id, jobId, signal),
  ]);
  try {
    if (until !== undefined) throw atItsLimit(deps, until);
    const agent = deps.packages.current();
    const turn = { jobId, request, agent, conversation: id, visibility: shown.visibility };
    const config = shown.isAsked ? shown.config : undefined;
    const free = room.isEmpty() ? deps.stage?.slots.take() : undefined;
    const accepted =
      deps.stage !== undefined && free !== undefined
        ? await openDirect(deps, deps.stage, { turn, thread, config, free })
        : await room.open({ turn, thread, config });
    return { kind: 'accepted', turn: accepted };
  } catch (error) {
    if (id !== undefined) await endTurn(deps, id, jobId);
    throw error;
  }
}

function atItsLimit({ clock }: TurnDeps, until: number): AgenticoreError {
  const retryAfterS = Math.min(MOST_RETRY_S, Math.max(1, Math.ceil((until - clock.now()) / 1000)));
  return new AgenticoreError('CLAUDE_USAGE_LIMIT', undefined, { retryAfterS });
}

interface Shown {
  readonly visibility: Visibility;
  readonly config: StreamConfig;
  /** The caller wants to be told. */
  readonly isAsked: boolean;
  /** There is nothing else to do. */
  readonly isAll: boolean;
}

/** What the reader is shown: as chosen in this prompt, for this request, or earlier. */
async function settleVisibility(deps: TurnDeps, request: TurnRequest, thread: Thread): Promise<Shown> {
  const { conversations, policy } = deps;
  if (request.auxiliary) {
    const config = { visibility: TEXT_ONLY, scope: 'request' } as const;
    return { visibility: TEXT_ONLY, config, isAsked: false, isAll: false };
  }
  const { parts, tokens, asksStatus } = takePartTokens(request.prompt);
  const isOwn = thread.isNamed && thread.id !== undefined;
  const scope = isOwn ? `conversation:${thread.id}` : `agent:${deps.packages.current().name}`;
  const before = (await conversations.visibility(scope)) ?? policy.visibility;
  const chosen = applyTokens(before, tokens);
  if (JSON.stringify(chosen) !== JSON.stringify(before))
    await conversations.setVisibility(scope, chosen, isOwn ? policy.sessionTtlMs : undefined);
  const visibility = request.visibility ?? chosen;
  const config: StreamConfig = {
    visibility,
    scope: request.visibility === undefined ? (isOwn ? 'conversation' : 'agent') : 'request',
  };
  const isAll = parts.length === 0 && (tokens.length > 0 || asksStatus);
  return { visibility, config, isAsked: asksStatus, isAll };
}
