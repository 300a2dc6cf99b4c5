// What every phase of an attempt holds in hands: the job as claimed, the claim, and the one way to report a fact.
import { AgenticoreError } from '../../domain/errors.js';
import type { MatchPaths } from '../../domain/guard.js';
import type { Job } from '../../domain/job.js';
import type { Progress } from '../../domain/job-event.js';
import type { TextFlow } from '../../domain/text-flow.js';
import type { Agent } from '../../ports/agent.js';
import type { CodeHost } from '../../ports/code-host.js';
import type { Claim } from '../../ports/command-queue.js';
import type { Feed } from '../../ports/feed.js';
import type { JobDirectories } from '../../ports/job-directories.js';
import type { ProfileStore } from '../../ports/profile-store.js';
import type { Programs } from '../../ports/programs.js';
import type { SecretScanner } from '../../ports/secret-scanner.js';
import type { Spools } from '../../ports/spool.js';
import type { StoredJob } from '../../ports/stored-job.js';
import type { TranscriptLog } from '../../ports/transcript-log.js';
import type { Workspaces } from '../../ports/workspace.js';
import { type Handled, handleCommand, type Known, type LedgerDeps } from '../handle-command.js';
import type { Leases } from '../loops/lease.js';
import { persist } from '../persist.js';
import type { BreakerDeps, Pass } from './pass-breaker.js';

export interface AttemptDeps extends BreakerDeps {
  readonly transcript: TranscriptLog;
  readonly spools: Spools;
  readonly feed: Feed;
  readonly agent: Agent;
  readonly programs: Programs;
  readonly workspaces: Workspaces;
  readonly profiles: ProfileStore;
  readonly directories: JobDirectories;
  /** The first that serves a repository opens its pull request; a remote that none serves keeps its branch. */
  readonly codeHosts: readonly CodeHost[];
  /** Claude's environment: model credentials and what the profile's `env` lists. */
  readonly environment: (names: readonly string[]) => Readonly<Record<string, string>>;
  /** That of the profile's commands: the same without the model credentials. */
  readonly commandEnvironment: (names: readonly string[]) => Readonly<Record<string, string>>;
  /** Takes secrets out of everything Claude says. */
  readonly redact: (text: string) => string;
  /** The same for a text that comes in pieces. */
  readonly openFlow: () => TextFlow;
  readonly secretScanner: SecretScanner;
  readonly matchPaths: MatchPaths;
  readonly newId: () => string;
  readonly worker: string;
  readonly host: string;
  /** Keeps claims alive. */
  readonly leases: Leases;
  /** Deadline of attempts whose job and profile set none. */
  readonly timeoutS: number;
}

export interface Attempt {
  readonly job: Job;
  readonly number: number;
  readonly claim: Claim;
  /** Hash of the AttemptStarted record: what the first message of the transcript names as its predecessor. */
  readonly head: string;
  /** Aborted when the attempt must stop, with a StopReason; what ended it first stays. */
  readonly signal: AbortSignal;
  /** Aborted when nothing more can be recorded: the claim is another's, or the worker leaves while the bus is away. */
  readonly lost: AbortSignal;
  /** What the usage limit's breaker hears of it. */
  readonly pass: Pass;
  /** Writes facts of this attempt into the ledger. Throws STALE_ATTEMPT or JOB_ENDED when it was overtaken. */
  report(facts: readonly Progress[], answer?: string): Promise<Handled>;
  /** Where the job stood after the last report. */
  latest(): Known;
}

export type StopReason = 'cancelled' | 'claim-lost' | 'handed-back';

/**
 * Before each effect outside: a worker that lost its claim must not push or open anything. Nobody knows while the bus
 * is away, so it is waited for. Throws STALE_ATTEMPT.
 */
export async function confirmClaim(
  { clock }: Pick<AttemptDeps, 'clock'>,
  { claim, signal }: Pick<Attempt, 'claim' | 'signal'>,
): Promise<void> {
  if (!(await persist(clock, signal, () => claim.extend()))) throw new AgenticoreError('STALE_ATTEMPT');
}

/** What is awaited, unless nothing more can be recorded first: throws BUS_UNREACHABLE then. */
export function unlessLost<T>({ lost }: Pick<Attempt, 'lost'>, awaited: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new AgenticoreError('BUS_UNREACHABLE'));
    lost.addEventListener('abort', giveUp, { once: true });
    if (lost.aborted) giveUp();
    awaited.then(resolve, reject).finally(() => lost.removeEventListener('abort', giveUp));
  });
}

/**
 * The pen of an attempt that has just started; keeps trying while the bus is away, until the claim is lost. `report`
 * throws EVIDENCE_LOST when the ledger is shorter than it was: the bus was restored from an older state.
 */
export function createReport(
  deps: LedgerDeps,
  started: Known,
  signal: AbortSignal,
): Pick<Attempt, 'report' | 'latest'> {
  const { job } = started;
  let latest = started;
  const load = async (jobId: string): Promise<StoredJob | undefined> => {
    const { version } = latest.job;
    const stored = await deps.events.load(jobId);
    if (stored !== undefined && stored.job.version < version) throw new AgenticoreError('EVIDENCE_LOST');
    return stored;
  };
  const watching = { ...deps, events: { ...deps.events, load } };

  /** The job, when a fact of this type was written behind `version` though the answer to that was lost. */
  async function findWritten(version: number, type: string | undefined): Promise<Handled | undefined> {
    const stored = await load(job.id);
    if (stored?.job.status !== 'running' || stored.job.attempt !== job.attempt) return undefined;
    const later = (await deps.events.read(job.id)).slice(version, stored.job.version);
    return later.some((record) => record.type === type) ? { ...stored, events: [] } : undefined;
  }

  async function write(facts: readonly Progress[], answer: string | undefined): Promise<Handled> {
    const command = { type: 'ReportProgress', attempt: job.attempt, facts } as const;
    const beside = answer === undefined ? {} : { answer };
    const { version } = latest.job;
    let isUncertain = false;
    const tryOnce = async (): Promise<Handled> => {
      // Twice in the ledger, an attempt would cost twice. Facts are written one after the other, so that one of this
      // type behind that version can only be this one.
      const written = isUncertain ? await findWritten(version, facts[0]?.type) : undefined;
      if (written !== undefined) return written;
      isUncertain = true;
      return handleCommand(watching, job.id, command, beside, latest);
    };
    const handled = await persist(deps.clock, signal, tryOnce);
    if (handled.job.version > latest.job.version) latest = handled;
    return handled;
  }

  let before: Promise<unknown> = Promise.resolve();
  return {
    latest: () => latest,
    report(facts, answer) {
      const writing = before.then(() => write(facts, answer));
      before = writing.catch(() => {});
      return writing;
    },
  };
}
