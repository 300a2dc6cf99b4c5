// Whether what is kept makes what is done slower, and what it costs to keep it.
import { Redis } from 'ioredis';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { openKeys } from '../../src/adapters/redis/keys.js';
import { trimJobs } from '../../src/app/admin/trim-jobs.js';
import { startRedisServer } from '../redis/redis-server.js';
import { percentile } from './percentile.js';
import { drainRate, submitRate } from './queue/measure.js';
import { type OpenQueue, openAgenticore } from './queue/ours.js';
import type { Report } from './report.js';
import { type Footprint, footprint } from './scale/footprint.js';
import { finishJobs, LIKE_REAL, type Life, NO_OP, submitJobs } from './scale/lives.js';

const SMALL = 100;
const LARGE = 100_000;
/** The share of the jobs that waits; the others have ended. */
const WAITING = 0.2;
const IN_FLIGHT = 50;
const ROUNDS = 5;
const JOBS = 1000;
const LISTS = 200;
const PAGE = 20;
const SAMPLE = 200;
const GOAL_BYTES = 2048;

const METHOD = [
  `Redis without persistence, so that only the work counts. ${SMALL} and then ${LARGE} jobs in it: ${WAITING * 100}% wait, the others`,
  '  have succeeded, all written by the real transitions. Then, in each state:',
  `list: the newest ${PAGE} of all jobs, one call at a time, p50 of ${LISTS}.`,
  `submit, claim-to-done: medians of ${ROUNDS} rounds of ${JOBS} jobs, ${IN_FLIGHT} in flight, as in the bench \`queue\`; the jobs that are claimed`,
  '  are the oldest in the lane, so the number of waiting jobs stays.',
  `bytes: MEMORY USAGE of the keys of ${SAMPLE} finished jobs (ledger + view + answer, the feed beside them), their share of the`,
  '  indices, and what their events take in the fleet stream (which keeps those of about 50,000 calls, so its share',
  '  sinks as jobs come). Once the feed has gone: the same jobs after `agenticore admin trim`.',
  'no-op: JobSubmitted, AttemptStarted, JobSucceeded. like a real one: also workspace, setup, claude, verification, commit, push',
  '  and pull request, an answer of 400 characters, one short message; its hashes and ids have nothing in common.',
];

interface Pace {
  readonly list: number;
  readonly submit: number;
  readonly done: number;
}

/** Runs the benchmark; takes about a minute. */
export async function run(): Promise<Report> {
  const server = await startRedisServer();
  const admin = new Redis(server.url, { replyMapping: 'legacy' });
  const queue = await openAgenticore(server.url);
  try {
    await fill(queue, SMALL);
    const small = await pace(queue);
    await fill(queue, LARGE - SMALL);
    const large = await pace(queue);
    const noOp = await bytes(queue, admin, 'no-op', NO_OP);
    const real = await bytes(queue, admin, 'like a real one', LIKE_REAL);
    return { method: METHOD, figures: { ...paces(small, large), ...noOp, ...real } };
  } finally {
    await queue.close();
    admin.disconnect();
    await server.stop();
  }
}

async function fill(queue: OpenQueue, jobs: number): Promise<void> {
  await finishJobs(queue, NO_OP, jobs * (1 - WAITING), IN_FLIGHT);
  await submitJobs(queue, jobs * WAITING, IN_FLIGHT);
}

async function pace(queue: OpenQueue): Promise<Pace> {
  const lists: number[] = [];
  for (let n = 0; n < LISTS; n += 1) {
    const began = performance.now();
    await queue.bus.events.list({ limit: PAGE });
    lists.push(performance.now() - began);
  }
  const [submits, takes]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const submit = await submitRate(queue, JOBS, IN_FLIGHT);
    const take = await drainRate(queue, JOBS, IN_FLIGHT);
    if (round === 0) continue; // to warm up
    submits.push(submit);
    takes.push(take);
  }
  return { list: percentile(lists, 0.5), submit: percentile(submits, 0.5), done: percentile(takes, 0.5) };
}

function paces(small: Pace, large: Pace): Record<string, string> {
  const row = (name: string, unit: string, few: number, many: number, digits: number): [string, string] => [
    name,
    `${few.toFixed(digits)} ${unit} with ${SMALL}, ${many.toFixed(digits)} ${unit} with ${LARGE}: ratio ${(many / few).toFixed(2)}`,
  ];
  return Object.fromEntries([
    row(`list ${PAGE}`, 'ms', small.list, large.list, 2),
    row('submit', '/s', small.submit, large.submit, 0),
    row('claim-to-done', '/s', small.done, large.done, 0),
  ]);
}

/** What a finished job of this life takes, and what is left of it once the keeper has trimmed it. */
async function bytes(
  queue: OpenQueue,
  admin: Redis,
  name: string,
  life: Life,
): Promise<Record<string, string>> {
  const keys = openKeys(queue.keyPrefix);
  const jobIds = await finishJobs(queue, life, SAMPLE, IN_FLIGHT);
  const finished = await footprint(admin, keys, jobIds);
  for (const jobId of jobIds) await trimJobs(queue.bus, sha256, { jobId });
  const trimmed = await footprint(admin, keys, jobIds);
  const line = (f: Footprint): string =>
    `${f.kept} = ledger ${f.ledger} + view ${f.view} + answer ${f.answer} + indices ${f.indices}`;
  return {
    [`bytes per finished job, ${name}`]: `${line(finished)}; beside them feed ${finished.feed}, fleet stream ${finished.fleet}`,
    [`the same once its feed has gone, goal < ${GOAL_BYTES}, ${name}`]: `${trimmed.kept < GOAL_BYTES ? 'met' : 'missed'}: ${line(trimmed)}`,
  };
}
