// The callers: each order is sent until the ingress has answered for it, always with the same Idempotency-Key, so that
// an answer that was lost in a kill costs nothing; some jobs are cancelled again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from './acts.js';
import { type Course, note } from './course.js';
import { REAL, REAL_TASK, type Scenery, STAND_IN } from './scenery.js';

const PAUSE_MS = 150;
const ANSWER_MS = 10_000;
/** Orders that may be open at a time: enough to keep every worker busy, few enough to be submitted all along. */
const OPEN_PER_WORKER = 10;

export interface SubmissionTally {
  /** Requests that got no good answer and were sent again. */
  repeated: number;
  /** Cancels that the ingress has confirmed while the job was still open. */
  readonly cancelled: Set<string>;
}

export interface Submissions {
  readonly tally: SubmissionTally;
  /** Resolves when all orders are accepted and all cancels answered. */
  readonly done: Promise<void>;
}

interface SubmissionDeps {
  readonly scenery: Scenery;
  readonly url: string;
  readonly workers: number;
  readonly course: Course;
  /** Told of each accepted job. */
  readonly onAccepted: (jobId: string) => void;
  readonly signal: AbortSignal;
}

/** Submits the orders one after the other, as fast as the fleet ends them. */
export function submitAll(deps: SubmissionDeps, orders: readonly Order[]): Submissions {
  const tally: SubmissionTally = { repeated: 0, cancelled: new Set() };
  const cancels: Promise<void>[] = [];

  async function submit(order: Order): Promise<void> {
    const { course } = deps;
    while (course.accepted.length - course.ended > OPEN_PER_WORKER * deps.workers)
      await sleep(PAUSE_MS, undefined, { signal: deps.signal });
    const request = requestOf(order, deps.scenery);
    const jobId = await ask(deps, tally, '/jobs', request).then(({ id }) => id);
    course.accepted.push({ order, jobId });
    deps.onAccepted(jobId);
    if (order.isRepeated) {
      const again = await ask(deps, tally, '/jobs', request);
      if (again.id !== jobId)
        note(course, 'accepted-once', `order ${order.number} became job ${jobId} and ${again.id}`);
    }
    if (order.cancelAfterMs !== undefined) cancels.push(cancel(deps, tally, jobId, order.cancelAfterMs));
  }
  const done = (async () => {
    for (const order of orders) await submit(order);
    await Promise.all(cancels);
  })();
  return { tally, done };
}

async function cancel(
  deps: SubmissionDeps,
  tally: SubmissionTally,
  jobId: string,
  afterMs: number,
): Promise<void> {
  await sleep(afterMs, undefined, { signal: deps.signal });
  const job = await ask(deps, tally, `/jobs/${jobId}`, { method: 'DELETE' });
  if (job.status === 'cancelled' || job.cancel_requested === true) tally.cancelled.add(jobId);
}

function requestOf({ number, repository, isReal }: Order, { remotes }: Scenery): RequestInit {
  const body = {
    task: isReal ? `${REAL_TASK} (${number})` : `Order ${number}`,
    ...(repository === undefined ? {} : { repo_url: remotes[repository] }),
    profile: isReal ? REAL : STAND_IN,
  };
  const headers = { 'content-type': 'application/json', 'idempotency-key': `order-${number}` };
  return { method: 'POST', headers, body: JSON.stringify(body) };
}

interface JobAnswer {
  readonly id: string;
  readonly status: string;
  readonly cancel_requested?: boolean;
}

/** Sends until there is a good answer. Throws for one that sending again cannot mend, and when the signal aborts. */
async function ask(
  { url, signal }: SubmissionDeps,
  tally: SubmissionTally,
  path: string,
  request: RequestInit,
): Promise<JobAnswer> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${url}${path}`, { ...request, signal: AbortSignal.timeout(ANSWER_MS) })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => undefined); // refused, cut off, or too slow: it may or may not have been carried out
    if (answer !== undefined && answer.status < 300) return JSON.parse(answer.text).job;
    if (answer !== undefined && answer.status < 500 && answer.status !== 429)
      throw new Error(`${request.method} ${path} was answered with ${answer.status}: ${answer.text}`);
    tally.repeated += 1;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
