// How fast jobs pass through, beside BullMQ: same machine, same Redis, same durability, in turn.
import { Redis } from 'ioredis';
import { startRedisServer } from '../redis/redis-server.js';
import { percentile } from './percentile.js';
import { openBullMq } from './queue/bullmq.js';
import type { Contender } from './queue/contender.js';
import { drainRate, pickups, submitRate } from './queue/measure.js';
import { openAgenticore } from './queue/ours.js';
import { openRawStreams } from './queue/raw-streams.js';
import type { Report } from './report.js';

/** So many that the beginning counts for little: BullMQ fills its slots one after another, and a worker runs for days. */
const JOBS = 10_000;
const ROUNDS = 5;
/** A worker runs for days: what counts is its code once the compiler has seen enough of it. */
const WARM_UP_ROUNDS = 4;
/** What a worker, or a small fleet, has in flight at once; BullMQ is given the same. */
const CONCURRENCIES = [50, 200] as const;
const SUBMITTERS = 50;
const PICKUPS = 60;
const POLICIES = ['always', 'everysec'] as const;

const METHOD = [
  'One redis-server of our own, appendonly yes, appendfsync as stated, no rewrite of the file; the queues in turn;',
  `  ${WARM_UP_ROUNDS} rounds to warm up, then ${ROUNDS}: medians, and the median of the ratios of the rounds.`,
  `submit: ${JOBS} jobs by ${SUBMITTERS} callers, each of which waits for its promise (no bulk calls).`,
  `claim-to-done: the ${JOBS} jobs wait already; one worker, concurrency ${CONCURRENCIES.join(' and ')}, no-op executor, until the last end is recorded.`,
  `pickup: one worker waits; from the call that submits to the executor, one job at a time, ${PICKUPS} per round.`,
  'agenticore: submitJob, claimLoop, StartAttempt and EndAttempt through handleCommand, a lease per job; an end claims the',
  '  next job, and starts it, as in BullMQ (one that has a worktree to clear does not); a submission starts its job for a',
  '  worker that waits, which BullMQ does not. Three ledger records with a hash chain,',
  '  view, indices, feed, fleet stream, lane and doorbell per job; transitions of one tick share a call.',
  'BullMQ: Queue.add, Worker with `concurrency`, finished jobs kept (its default), 5 fields of state and an event stream',
  '  of about 10,000 entries. It has no hash chain, no feed per job and no compare-and-set on a version.',
  'raw streams: XADD, XREADGROUP COUNT, XACK + XDEL, pipelined: no ledger, no view, no record of the job afterwards.',
  'Submitter and worker share one process. Connections: agenticore writes on one and is told on another; BullMQ writes on one, waits on another,',
  '  and has one more that its worker writes on. The ratio is what counts; the machine is as busy for all of them.',
];

interface Figures {
  readonly submits: number[];
  /** By concurrency. */
  readonly drains: ReadonlyMap<number, number[]>;
  readonly waits: number[];
}

/** Runs the benchmark; takes two to four minutes. */
export async function run(): Promise<Report> {
  const figures: Record<string, string> = {};
  for (const policy of POLICIES) Object.assign(figures, await underPolicy(policy));
  return { method: METHOD, figures };
}

async function underPolicy(policy: (typeof POLICIES)[number]): Promise<Record<string, string>> {
  const redis = await startRedisServer({ durable: policy === 'always' ? true : policy });
  try {
    await neverRewrite(redis.url);
    const queues = await Promise.all(
      [openAgenticore, openBullMq, openRawStreams].map((open) => open(redis.url)),
    );
    const measured = await inTurn(queues);
    await Promise.all(queues.map((queue) => queue.close()));
    return report(policy, measured);
  } finally {
    await redis.stop();
  }
}

/** A rewrite of the append-only file in the background would fall on whoever's turn it happens to be. */
async function neverRewrite(url: string): Promise<void> {
  const admin = new Redis(url, { replyMapping: 'legacy' });
  await admin.config('SET', 'auto-aof-rewrite-percentage', '0');
  admin.disconnect();
}

/** Every queue once per round, each time another one first. */
async function inTurn(queues: readonly Contender[]): Promise<ReadonlyMap<string, Figures>> {
  const measured = new Map(queues.map(({ name }) => [name, noFigures()]));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    for (let nth = 0; nth < queues.length; nth += 1) {
      const queue = queues[(nth + round) % queues.length];
      if (queue === undefined) continue;
      const counts = round >= WARM_UP_ROUNDS;
      await measure(queue, (counts && measured.get(queue.name)) || noFigures());
    }
  }
  return measured;
}

const noFigures = (): Figures => ({
  submits: [],
  drains: new Map(CONCURRENCIES.map((concurrency) => [concurrency, []])),
  waits: [],
});

async function measure(queue: Contender, { submits, drains, waits }: Figures): Promise<void> {
  for (const [concurrency, rates] of drains) {
    submits.push(await submitRate(queue, JOBS, SUBMITTERS));
    rates.push(await drainRate(queue, JOBS, concurrency));
  }
  waits.push(...(await pickups(queue, PICKUPS, SUBMITTERS)));
}

function report(policy: string, measured: ReadonlyMap<string, Figures>): Record<string, string> {
  const rate = (values: readonly number[] = []): string => `${percentile(values, 0.5).toFixed(0)}/s`;
  const figures: Record<string, string> = {};
  for (const [name, { submits, drains, waits }] of measured) {
    const done = [...drains].map(([concurrency, rates]) => `${rate(rates)} (${concurrency})`).join(' ');
    figures[`${policy}: ${name}`] =
      `submit ${rate(submits)}   claim-to-done ${done}   ` +
      `pickup p50 ${percentile(waits, 0.5).toFixed(2)} ms  p99 ${percentile(waits, 0.99).toFixed(2)} ms`;
  }
  const [ours, theirs] = [measured.get('agenticore'), measured.get('BullMQ')];
  const pickup = percentile(ours?.waits ?? [], 0.5) / percentile(theirs?.waits ?? [], 0.5);
  const verdict = (met: boolean): string => (met ? 'met' : 'missed');
  figures[`${policy}: submit, times BullMQ's`] = ratio(ours?.submits, theirs?.submits).toFixed(2);
  for (const concurrency of CONCURRENCIES) {
    const drain = ratio(ours?.drains.get(concurrency), theirs?.drains.get(concurrency));
    figures[`${policy}: claim-to-done with ${concurrency}, times BullMQ's, goal >= 1.5`] =
      `${drain.toFixed(2)} ${verdict(drain >= 1.5)}`;
  }
  figures[`${policy}: pickup p50, times BullMQ's, goal <= 1`] =
    `${pickup.toFixed(2)} ${verdict(pickup <= 1)}`;
  return figures;
}

/** The median of the ratios of each round: what disturbs a round disturbs both. */
function ratio(ours: readonly number[] = [], theirs: readonly number[] = []): number {
  return percentile(
    ours.map((value, round) => value / (theirs[round] ?? Number.NaN)),
    0.5,
  );
}
