// The counter's one use case: a checked request becomes a JobSubmitted, durable before the caller hears of it.

import { decide } from '../domain/decide.js';
import { AgenticoreError } from '../domain/errors.js';
import { canonicalJson } from '../domain/evidence.js';
import type { Job } from '../domain/job.js';
import { isTerminal } from '../domain/job.js';
import type { Delivery, JobOrder } from '../domain/job-event.js';
import { checkBaseRef, checkRepoUrl, type RepoUrlPolicy } from '../domain/repo-url.js';
import type { Courier } from '../ports/courier.js';
import type { ProfileStore } from '../ports/profile-store.js';
import { type LedgerDeps, transitionOf } from './handle-command.js';
import { hasRoom } from './queue-room.js';
import { claimOf, jobOfKey, type RequestKey } from './request-key.js';

/** A request that passed its schema; absent fields take the server's or the profile's defaults. */
export interface JobRequest {
  readonly task: string;
  readonly repoUrl?: string;
  readonly profile?: string;
  readonly baseRef?: string;
  readonly wait?: boolean;
  readonly sessionId?: string;
  readonly timeoutS?: number;
  readonly maxBudgetUsd?: number;
  readonly model?: string;
  readonly maxTurns?: number;
  readonly queueTtlS?: number;
  readonly ttlS?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly filePath?: string;
  readonly callbackUrl?: string;
}

export interface SubmitContext {
  /** Idempotency-Key of the caller, scoped by who called. */
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
}

export interface SubmitDeps extends AgainDeps {
  readonly profiles: ProfileStore;
  /** False while draining. */
  readonly accepting: () => boolean;
  /** Real path of an allowed extra .mcp.json; throws FILE_PATH_REFUSED. */
  readonly checkFilePath: (path: string) => Promise<string>;
  readonly courier: Pick<Courier, 'check'>;
  readonly policy: SubmitPolicy;
}

export interface SubmitPolicy {
  readonly defaultProfile: string;
  readonly lane: string;
  readonly maxQueued: number;
  readonly jobTtlS: number;
  /** Undefined: what was said is kept as long as the record. */
  readonly feedTtlS?: number | undefined;
  readonly queueTtlS: number;
  /** Upper bound on a profile's own number of attempts. */
  readonly maxAttempts: number;
  readonly repoUrls: RepoUrlPolicy;
}

const QUEUE_FULL_RETRY_S = 10;

/**
 * Accepts a job; when it resolves the job is on the bus and will run. Throws UNKNOWN_PROFILE, BROKEN_PROFILE,
 * REPO_URL_REFUSED, BASE_REF_REFUSED, FILE_PATH_REFUSED, CALLBACK_URL_REFUSED, IDEMPOTENCY_MISMATCH, QUEUE_FULL,
 * DRAINING, BUS_UNREACHABLE.
 */
export async function submitJob(
  deps: SubmitDeps,
  request: JobRequest,
  context: SubmitContext = {},
): Promise<Job> {
  if (!deps.accepting()) throw new AgenticoreError('DRAINING');
  const order = await completeOrder(deps, request, context);
  const { idempotencyKey: key } = context;
  return append(
    deps,
    order,
    key === undefined ? undefined : { key, digest: deps.hash(canonicalJson(request)) },
  );
}

/**
 * Submits an ended job once more, as a new job linked by `retryOf`, with its task or an edited one. Where only the pull
 * request is missing, only that is done again, unless the task is another. Throws JOB_NOT_FOUND, JOB_NOT_ENDED,
 * INVALID_REQUEST for a turn, and what submitJob throws.
 */
export async function retryJob(
  deps: SubmitDeps,
  jobId: string,
  task?: string,
  context: SubmitContext = {},
): Promise<Job> {
  if (!deps.accepting()) throw new AgenticoreError('DRAINING');
  const stored = await deps.events.load(jobId);
  if (stored === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
  if (stored.job.kind === 'turn')
    throw new AgenticoreError('INVALID_REQUEST', 'A turn is not tried again; ask the agent again.');
  if (!isTerminal(stored.job.status)) throw new AgenticoreError('JOB_NOT_ENDED');
  await deps.profiles.load(stored.job.order.profile);
  return submitAgain(deps, stored.job, task, context);
}

/** What submitting an order that was checked before takes. */
export interface AgainDeps extends LedgerDeps {
  readonly newId: () => string;
  /** Takes secrets out of a task: the ledger keeps it, readers are shown it, and the pull request tells it. */
  readonly redactTask: (task: string) => string;
  readonly policy: Pick<SubmitPolicy, 'maxQueued'>;
}

/** A new job like `job`, linked to it. Throws IDEMPOTENCY_MISMATCH, QUEUE_FULL, BUS_UNREACHABLE. */
export async function submitAgain(
  deps: AgainDeps,
  job: Job,
  task?: string,
  context: SubmitContext = {},
): Promise<Job> {
  const { id: jobId, order } = job;
  const { delivers: _delivers, ...work } = order;
  const delivers = task === undefined ? undelivered(job) : undefined;
  const again: JobOrder = {
    ...work,
    task: task === undefined ? order.task : deps.redactTask(task),
    mode: 'fire_and_forget',
    retryOf: jobId,
    ...(delivers === undefined ? {} : { delivers }),
  };
  const key = context.idempotencyKey;
  const digest = (): string => deps.hash(canonicalJson({ retryOf: jobId, task }));
  return append(deps, again, key === undefined ? undefined : { key, digest: digest() });
}

/** The work that a job left without its pull request. */
function undelivered({ id, status, order, branch, commit, prError }: Job): Delivery | undefined {
  if (order.delivers !== undefined) return order.delivers;
  if (status !== 'succeeded' || prError === undefined) return undefined;
  return branch === undefined || commit === undefined ? undefined : { jobId: id, branch, commit };
}

/** An order that nobody else has seen yet. */
type Draft = { -readonly [P in keyof JobOrder]: JobOrder[P] };

async function completeOrder(
  deps: SubmitDeps,
  request: JobRequest,
  context: SubmitContext,
): Promise<JobOrder> {
  const { policy } = deps;
  const { wait, queueTtlS, ttlS, profile: named, ...asked } = request;
  if (asked.repoUrl !== undefined) checkRepoUrl(asked.repoUrl, policy.repoUrls);
  if (asked.baseRef !== undefined) checkBaseRef(asked.baseRef);
  if (asked.callbackUrl !== undefined) deps.courier.check(asked.callbackUrl);
  const profile = await deps.profiles.load(named ?? policy.defaultProfile);
  // Onto the copy that is at hand: to spread it into another one would cost more than all else here.
  const order: Draft = Object.assign(asked, {
    task: deps.redactTask(asked.task),
    profile: profile.name,
    lane: policy.lane,
    mode: wait ? ('sync' as const) : ('fire_and_forget' as const),
    queueTtlS: queueTtlS ?? policy.queueTtlS,
    ttlS: ttlS ?? policy.jobTtlS,
    maxAttempts: Math.min(profile.maxAttempts, policy.maxAttempts),
    backoffS: profile.backoffS,
  });
  if (policy.feedTtlS !== undefined) order.feedTtlS = policy.feedTtlS;
  if (order.filePath !== undefined) order.filePath = await deps.checkFilePath(order.filePath);
  if (context.traceparent !== undefined) order.traceparent = context.traceparent;
  return order;
}

async function append(deps: AgainDeps, order: JobOrder, key: RequestKey | undefined): Promise<Job> {
  if (!(await hasRoom(deps.events, deps.clock, deps.policy.maxQueued))) {
    throw new AgenticoreError('QUEUE_FULL', undefined, { retryAfterS: QUEUE_FULL_RETRY_S });
  }
  const jobId = deps.newId();
  const events = decide({ type: 'SubmitJob', jobId, kind: 'task', order }, undefined, deps.clock.now());
  const transition = transitionOf(jobId, undefined, events, deps.hash, key && { idempotency: claimOf(key) });
  const result = await deps.events.append(transition);
  switch (result.kind) {
    case 'appended':
      return transition.after.job;
    case 'conflict':
    case 'unclaimed':
      throw new Error(`new job id ${jobId} is taken`);
    case 'duplicate':
      return jobOfKey(deps.events, result, key?.digest);
    default:
      return result satisfies never;
  }
}
