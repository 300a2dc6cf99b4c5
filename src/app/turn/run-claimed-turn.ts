// A turn that waited in the lane, in the hands of the worker that claimed it: its caller, wherever it is, follows the feed.
import type { TurnRequest } from '../../domain/chat.js';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Claim } from '../../ports/command-queue.js';
import { settleSpools } from '../attempt/settle-spools.js';
import { type Handled, handleCommand } from '../handle-command.js';
import { performTurn } from './perform-turn.js';
import { endTurn, keepTurn, takeTurn, threadOf } from './thread.js';
import { type TurnAttempt, takeInHand } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';

/** Readers wait at the feed: what Claude says goes there at once, and nothing is merged. */
const DELTA_INTERVAL_MS = 0;

/**
 * Runs the claimed turn to its end. Never rejects for what can go wrong with it; BUS_UNREACHABLE before it has started
 * releases nothing, the lease lapses by itself.
 */
export async function runClaimedTurn(deps: TurnDeps, stage: TurnStage, claim: Claim): Promise<void> {
  const request = await requestOf(deps, claim.jobId);
  const started = await startTurn(deps, stage, claim);
  if (started === undefined) return;
  const attempt = takeInHand(deps, stage, started, claim);
  if (request === undefined) {
    await attempt.end({
      kind: 'failed',
      code: 'INTERNAL',
      error: 'What was asked is not on the bus any more.',
    });
    return attempt.close();
  }
  const thread = threadOf(deps, request);
  const { id } = thread;
  let isRecorded = false;
  let letGo = (): void => {};
  try {
    // Whoever took the request has taken the turn for the same job already, if somebody waits.
    if (id !== undefined) {
      await takeTurn(deps, id, claim.jobId, attempt.signal);
      // Nobody else may: of a queued one there is nobody. Whether the turn may go on, its own claim says.
      letGo = keepTurn(deps, id, claim.jobId, () => {});
    }
    const known = id === undefined ? undefined : await deps.conversations.find(id);
    isRecorded = true;
    const performing = { attempt, request, thread, known, agent: deps.packages.current() };
    const at = { ...performing, deltaIntervalMs: DELTA_INTERVAL_MS };
    await (await performTurn(deps, stage, at, () => {})).recorded;
  } catch (error) {
    deps.log('turn.failed', { job_id: claim.jobId, error: String(error) }, 'warn');
    if (!isRecorded) await endUnperformed(attempt, error);
  } finally {
    letGo();
    if (id !== undefined) await endTurn(deps, id, claim.jobId);
  }
}

/** The turn never came to Claude: its conversation was not free in time, or the bus has gone. */
async function endUnperformed(attempt: TurnAttempt, error: unknown): Promise<void> {
  const { code, message } = error instanceof AgenticoreError ? error : new AgenticoreError('INTERNAL');
  await attempt.end({ kind: 'failed', code, error: message });
  await attempt.close();
}

async function requestOf({ events }: TurnDeps, jobId: string): Promise<TurnRequest | undefined> {
  const text = await events.request(jobId);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Undefined when there is nothing to run: it ended, expired, or its worker was lost and so is the turn. */
async function startTurn(deps: TurnDeps, stage: TurnStage, claim: Claim): Promise<Handled | undefined> {
  try {
    await settleSpools({ ...deps, spools: stage.spools }, claim.jobId);
    const command = { type: 'StartAttempt', worker: deps.worker, host: stage.host } as const;
    const handled = await handleCommand(deps, claim.jobId, command, { claim: claim.token }, claim.known);
    return handled.job.status === 'running' ? handled : undefined;
  } catch (error) {
    if (isCode(error, 'STALE_ATTEMPT')) return undefined;
    if (!isCode(error, 'JOB_ENDED') && !isCode(error, 'JOB_NOT_FOUND')) throw error;
    await claim.ack();
    return undefined;
  }
}
