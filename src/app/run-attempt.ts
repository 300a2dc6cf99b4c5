// One attempt from claim to outcome. The phases live in attempt/; here is who may stop it, and what is recorded.
import type { AttemptOutcome } from '../domain/decide.js';
import { asDiskFull } from '../domain/disk-full.js';
import { AgenticoreError, isCode } from '../domain/errors.js';
import { isTerminal, type Job } from '../domain/job.js';
import { blamesSession, unfinishedAfter } from '../domain/unfinished.js';
import type { Claim } from '../ports/command-queue.js';
import { type Attempt, type AttemptDeps, createReport, type StopReason } from './attempt/attempt.js';
import { deliverWork } from './attempt/deliver-work.js';
import { type Bench, closeBench, keepBench, openBench } from './attempt/open-bench.js';
import { letThrough, type Pass, passBreaker } from './attempt/pass-breaker.js';
import { settleSpools, shelveSpools } from './attempt/settle-spools.js';
import { watchCancel } from './attempt/watch-cancel.js';
import { workUntilVerified } from './attempt/work-until-verified.js';
import { handleCommand, type Known } from './handle-command.js';
import type { Succession } from './loops/claim.js';
import { isOvertaken } from './overtaken.js';
import { persist } from './persist.js';

/** How long an attempt that is handed back tries to say so: longer than claude's stop ladder takes. */
const LAST_WORDS_MS = 10_000;

/**
 * Runs the next attempt of the claimed job and records how it ended. `handBack` aborted: the worker leaves, the
 * attempt is stopped and given back unburned. Never rejects for what can go wrong with a job; BUS_UNREACHABLE
 * before the attempt has started releases nothing, the lease lapses by itself. `no-room`: it failed for want of room on
 * this disk, and the next one has nothing to go on with here.
 */
export async function runAttempt(
  deps: AttemptDeps,
  claim: Claim,
  handBack: AbortSignal,
  succession?: Succession,
): Promise<'no-room' | 'over'> {
  const started = await startAttempt(deps, claim);
  if (started === undefined) return 'over';
  const { job, head, pass } = started;
  const ids = { job_id: job.id, attempt: job.attempt };
  deps.log('attempt.started', ids);

  const stopping = new AbortController();
  const stop = (reason: StopReason): void => stopping.abort(reason); // AbortController keeps the first reason
  const over = new AbortController();
  const letGo = deps.leases.keep(claim, () => stop('claim-lost'));
  const watching = watchCancel(deps, job.id, () => stop('cancelled'), over.signal).catch((error: unknown) => {
    // Nobody listens until the attempt is over: unhandled, it would end the worker with all that runs there.
    deps.log('attempt.bug', { ...ids, stack: stackOf(error) }, 'error');
    stop('claim-lost');
  });
  // Facts are worth reporting until the claim is lost, even while the attempt is being stopped; but who leaves does not
  // wait for an absent bus: the lease lapses by itself.
  const lost = new AbortController();
  stopping.signal.addEventListener('abort', () => stopping.signal.reason === 'claim-lost' && lost.abort(), {
    once: true,
  });
  const onHandBack = (): void => {
    stop('handed-back');
    void deps.clock.sleep(LAST_WORDS_MS, over.signal).then(() => lost.abort());
  };
  handBack.addEventListener('abort', onHandBack, { once: true });
  if (handBack.aborted) onHandBack();
  const attempt: Attempt = {
    job,
    number: job.attempt,
    claim,
    head: head(),
    signal: stopping.signal,
    pass,
    lost: lost.signal,
    ...createReport(deps, started, lost.signal),
  };
  const successor = keepSuccessor(deps, succession);
  try {
    const outcome = await attemptOutcome(deps, attempt, successor.succession);
    deps.log('attempt.ended', { ...ids, ...outcome });
    const isFull = outcome.kind === 'failed' && outcome.code === 'DISK_FULL';
    return isFull && !isWorthKeeping(attempt, outcome) ? 'no-room' : 'over';
  } finally {
    over.abort('the attempt is over'); // a reason of one's own is much cheaper than the default one
    handBack.removeEventListener('abort', onHandBack);
    letGo();
    await watching;
    successor.letGo();
  }
}

/** What is claimed with the end, and may have started, waits until the attempt has left: its lease is kept until then. */
function keepSuccessor({ leases }: AttemptDeps, succession: Succession | undefined) {
  let letGo = (): void => {};
  const keeping: Succession | undefined = succession && {
    ...succession,
    follow(next) {
      letGo = leases.keep(next, () => {});
      succession.follow(next);
    },
  };
  return { succession: keeping, letGo: () => letGo() };
}

/** Undefined when there is nothing to run now: the job ended, expired, ran out of attempts, or was parked. */
async function startAttempt(
  deps: AttemptDeps,
  claim: Claim,
): Promise<(Known & { readonly pass: Pass }) | undefined> {
  if (claim.started !== undefined) {
    await shelveSpools(deps, claim.jobId);
    return { ...claim.started, pass: letThrough(deps, claim.jobId) };
  }
  try {
    // Once the next attempt has started, or the last one is lost, the bus takes no more of that one.
    await settleSpools(deps, claim.jobId);
    const pass = await passBreaker(deps, claim);
    if (pass === undefined) return undefined;
    const command = { type: 'StartAttempt', worker: deps.worker, host: deps.host } as const;
    const handled = await handleCommand(deps, claim.jobId, command, { claim: claim.token }, claim.known);
    return handled.job.status === 'running' ? { ...handled, pass } : undefined;
  } catch (error) {
    if (isCode(error, 'STALE_ATTEMPT')) return undefined; // claimed by another meanwhile
    if (!isCode(error, 'JOB_ENDED') && !isCode(error, 'JOB_NOT_FOUND')) throw error;
    await claim.ack();
    return undefined;
  }
}

/** What became of the attempt; `overtaken`: another attempt or the job's end came first, nothing was ours to record. */
type Ended = AttemptOutcome | { readonly kind: 'overtaken' };

/** Runs the phases and records how they ended. */
async function attemptOutcome(
  deps: AttemptDeps,
  attempt: Attempt,
  succession: Succession | undefined,
): Promise<Ended> {
  let bench: Bench | undefined;
  let outcome: Ended;
  try {
    bench = await openBench(deps, attempt);
    outcome = await work(deps, attempt, bench);
  } catch (error) {
    outcome = outcomeOf(deps, attempt, error);
  }
  const clear = async (): Promise<void> => {
    if (bench) await closeBench(deps, attempt, bench.workspace);
  };
  const isKept = bench?.workspace !== undefined && isWorthKeeping(attempt, outcome);
  // Good news does not wait for the bench to be cleared; whoever tries again needs it cleared or let go of first.
  if (isKept) await keepBench(deps, attempt, bench?.workspace);
  else if (outcome.kind !== 'succeeded') await clear();
  let after: Job | undefined;
  try {
    // A slot is not free while a worktree is in it: then nothing is claimed before that has gone.
    const follows = bench?.workspace === undefined ? succession : undefined;
    if (outcome.kind !== 'overtaken') after = await recordEnd(deps, attempt, outcome, follows);
  } finally {
    // A job that has ended after all: nobody will go on.
    if (outcome.kind === 'succeeded' || (isKept && after && isTerminal(after.status))) await clear();
  }
  return outcome;
}

/** Whether another attempt may go on where this one ends, should there be one. */
function isWorthKeeping(attempt: Attempt, outcome: Ended): boolean {
  if (outcome.kind === 'succeeded' || outcome.kind === 'overtaken') return false;
  if (attempt.signal.reason === 'cancelled') return false;
  const code = outcome.kind === 'failed' ? outcome.code : undefined;
  return unfinishedAfter(attempt.latest().job.unfinished, code) !== undefined;
}

function outcomeOf(deps: AttemptDeps, attempt: Attempt, thrown: unknown): Ended {
  const error = asDiskFull(thrown);
  if (isOvertaken(error)) return { kind: 'overtaken' };
  if (attempt.signal.aborted) return stopped(attempt);
  if (error instanceof AgenticoreError)
    return { kind: 'failed', code: error.code, error: deps.redact(error.message) };
  deps.log(
    'attempt.bug',
    { job_id: attempt.job.id, attempt: attempt.number, stack: stackOf(error) },
    'error',
  );
  return {
    kind: 'failed',
    code: 'INTERNAL',
    error: 'Something went wrong inside the worker; its log has the details.',
  };
}

const stackOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.stack : String(error);

/** What was stopped is given back, unless it is in other hands already: they must not lose it again. */
const stopped = ({ signal }: Attempt): Ended => ({
  kind: signal.reason === 'claim-lost' ? 'overtaken' : 'handed-back',
});

/** The phases between opening and closing the bench. */
async function work(deps: AttemptDeps, attempt: Attempt, bench: Bench): Promise<Ended> {
  // An earlier attempt got as far as a commit that is still here: its work, which was verified then, is delivered, not
  // done again.
  if (!bench.workspace?.resumed) {
    if (attempt.job.order.delivers) throw new AgenticoreError('WORK_NOT_FOUND');
    const end = await workUntilVerified(deps, attempt, bench);
    if (end.kind === 'stopped') return stopped(attempt);
    if (end.kind === 'failed') {
      const { resetsAt } = end;
      const isSessionToBlame = bench.session !== undefined && blamesSession(end.code);
      return {
        kind: 'failed',
        code: isSessionToBlame ? 'SESSION_UNUSABLE' : end.code,
        error: deps.redact(end.error),
        ...(resetsAt === undefined ? {} : { resetsAt }),
      };
    }
  }
  if (bench.workspace) await deliverWork(deps, attempt, bench.workspace, bench.profile);
  return { kind: 'succeeded' };
}

/** Records the end; the job after it, undefined when that was not ours to record. */
async function recordEnd(
  deps: AttemptDeps,
  attempt: Attempt,
  outcome: AttemptOutcome,
  succession: Succession | undefined,
): Promise<Job | undefined> {
  try {
    const jitter = deps.clock.random();
    const command = { type: 'EndAttempt', attempt: attempt.number, outcome, jitter } as const;
    const { job, events, next } = await persist(deps.clock, attempt.lost, () => {
      const nextFor = succession?.nextFor(outcome.kind === 'succeeded');
      return handleCommand(deps, attempt.job.id, command, { nextFor }, attempt.latest());
    });
    if (next !== undefined) succession?.follow(next);
    await attempt.pass.ended(events);
    return job;
  } catch (error) {
    // Overtaken at the last moment: whoever did it has recorded what counts.
    if (!isOvertaken(error) && !isCode(error, 'BUS_UNREACHABLE')) throw error;
    return undefined;
  }
}
