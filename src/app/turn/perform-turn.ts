// A turn where Claude runs: what it says goes to the reader first, in the tick in which it was read, and beside that
// into the transcript; the response waits for neither.
import { asDiskFull } from '../../domain/disk-full.js';
import type { TurnEnd, TurnListener, TurnStart } from '../../ports/turn-agent.js';
import { createOutlet, type Outlet, type TakePiece } from './outlet.js';
import { planTurn, type TurnFacts, type TurnPlan } from './plan-turn.js';
import { openScribe, type Scribe } from './scribe.js';
import { remember } from './thread.js';
import type { TurnAttempt } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

export interface Performance {
  readonly end: TurnEnd;
  /** Undefined when Claude never began. */
  readonly start: TurnStart | undefined;
  /** Resolves when the turn is in the ledger to its end, which the response need not wait for. Never rejects. */
  readonly recorded: Promise<void>;
}

export interface Performing extends Omit<TurnFacts, 'turn'> {
  readonly attempt: TurnAttempt;
  /** How long deltas may be merged on their way into the feed. */
  readonly deltaIntervalMs?: number;
}

/**
 * Runs Claude on the request. Resolves when the answer is whole, and the conversation is remembered. When it throws
 * (BROKEN_PACKAGE, DISK_FULL, or a bug) the turn has ended so in the ledger.
 */
export async function performTurn(
  deps: TurnDeps,
  stage: TurnStage,
  performing: Performing,
  take: TakePiece,
): Promise<Performance> {
  const { attempt, deltaIntervalMs } = performing;
  const scribe = openScribe(deps, stage, attempt, deltaIntervalMs);
  try {
    const turn = `${attempt.job.id}.${attempt.number}`;
    const plan = await planTurn(deps, stage, { ...performing, turn });
    const outlet = createOutlet(deps, attempt.job.order.turn?.visibility ?? deps.policy.visibility, take);
    const end = await stage.agent.run(plan.order, listener(deps, outlet, scribe), attempt.signal);
    await outlet.finish();
    const start = scribe.start();
    if (end.kind === 'succeeded' && start !== undefined)
      await keepInMind(deps, performing, plan, { end, start, outlet });
    return { end, start, recorded: scribe.finish(end) };
  } catch (thrown) {
    const error = asDiskFull(thrown);
    await scribe.fail(error);
    throw error;
  }
}

const listener = ({ meter }: TurnDeps, outlet: Outlet, scribe: Scribe): TurnListener => ({
  started: scribe.started,
  message(message) {
    const held = meter.time('stream_lag_seconds', {}, () => outlet.hear(message));
    const full = scribe.write(message);
    return held === undefined || full === undefined
      ? (held ?? full)
      : Promise.all([held, full]).then(() => {});
  },
});

/** The next turn of the conversation may go on from here. */
function keepInMind(
  deps: TurnDeps,
  { thread, request }: Performing,
  { setup, name, head }: TurnPlan,
  { end, start, outlet }: { readonly end: TurnEnd; readonly start: TurnStart; readonly outlet: Outlet },
): Promise<void> {
  const { sessionId, transcript } = start;
  return remember(deps, { ...thread, head }, request, {
    shown: end.structuredOutput === undefined ? outlet.shown() : JSON.stringify(end.structuredOutput),
    ...{ sessionId, setup, thread: name },
    ...(transcript === undefined ? {} : { transcript }),
    ...(end.leaf === undefined ? {} : { leaf: end.leaf }),
  });
}
