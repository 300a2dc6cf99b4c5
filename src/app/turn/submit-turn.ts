// A turn enters the ledger: started here at once, or into the agent's lane for whoever has a place first.

import type { TurnRequest } from '../../domain/chat.js';
import { decide } from '../../domain/decide.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { JobOrder, TurnFacts } from '../../domain/job-event.js';
import { takePartTokens } from '../../domain/slash-tokens.js';
import type { Visibility } from '../../domain/visibility.js';
import type { AgentPackage } from '../../ports/packages.js';
import { type CommandExtras, type Handled, transitionOf } from '../handle-command.js';
import { claimOf, type RequestKey } from '../request-key.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

/** How a turn is known before it is anything else. */
export interface TurnName {
  readonly jobId: string;
  /** The caller's own id of it, and what it wants to get back with it. */
  readonly uuid?: string;
  readonly meta?: string;
  /** Where its end is told. */
  readonly callbackUrl?: string;
  /** The caller's key. A turn that has one goes on when its caller leaves, who may come back for it. */
  readonly key?: RequestKey | undefined;
}

export interface NewTurn extends TurnName {
  readonly request: TurnRequest;
  readonly agent: AgentPackage;
  readonly conversation: string | undefined;
  readonly visibility: Visibility;
}

/** The prompt stands in lists and logs: as much of it as a task may have. */
const TASK_CHARS = 100_000;

/**
 * The turn and its attempt begin in one step, with a lease instead of a place in the lane. Throws BUS_UNREACHABLE, and
 * IDEMPOTENCY_MISMATCH when its name or key is taken.
 */
export async function startDirect(deps: TurnDeps, stage: TurnStage, turn: NewTurn): Promise<Handled> {
  const start = { worker: deps.worker, host: stage.host };
  return append(deps, turn, orderOf(deps, turn), { start });
}

/** The turn waits in the lane, with all that a worker needs. Throws as `startDirect` does. */
export const submitWaiting = (deps: TurnDeps, turn: NewTurn): Promise<Handled> =>
  append(deps, turn, orderOf(deps, turn), { request: JSON.stringify(turn.request) });

async function append(
  deps: TurnDeps,
  { jobId, key }: NewTurn,
  order: JobOrder,
  { start, ...more }: { readonly start?: { worker: string; host: string } } & CommandExtras,
): Promise<Handled> {
  const command = { type: 'SubmitJob', jobId, kind: 'turn', order, ...(start ? { start } : {}) } as const;
  const events = decide(command, undefined, deps.clock.now());
  const extras = key === undefined ? more : { ...more, idempotency: claimOf(key) };
  const transition = transitionOf(jobId, undefined, events, deps.hash, extras);
  const result = await deps.events.append(transition);
  // Only a caller who names its turns can name one twice.
  if (result.kind !== 'appended') throw new AgenticoreError('IDEMPOTENCY_MISMATCH');
  return { ...transition.after, events };
}

function orderOf({ policy, redact }: TurnDeps, turn: NewTurn): JobOrder {
  const { request, agent, conversation, visibility, uuid, meta, callbackUrl } = turn;
  const { model, options, caller } = request;
  const facts: TurnFacts = {
    agent: agent.name,
    packageVersion: agent.version,
    caller: caller.name,
    visibility,
    ...(conversation === undefined ? {} : { conversation }),
    ...(uuid === undefined ? {} : { uuid }),
  };
  return {
    task: redact(textOf(request)).slice(0, TASK_CHARS),
    profile: agent.name,
    lane: policy.lane,
    mode: 'sync',
    model,
    ...(options.timeoutS === undefined ? {} : { timeoutS: options.timeoutS }),
    queueTtlS: policy.queueTtlS,
    ttlS: policy.jobTtlS,
    ...(policy.feedTtlS === undefined ? {} : { feedTtlS: policy.feedTtlS }),
    maxAttempts: 1,
    backoffS: 0,
    ...(meta === undefined ? {} : { metadata: { meta } }),
    ...(callbackUrl === undefined ? {} : { callbackUrl }),
    turn: facts,
  };
}

const textOf = ({ prompt }: TurnRequest): string =>
  takePartTokens(prompt)
    .parts.map((part) => (part.kind === 'text' ? part.text : '[image]'))
    .join('\n');
