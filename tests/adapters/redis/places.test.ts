// Everything at once: processes with different limits per repository, many commands in one tick, claims that are stale.
// Whatever happens, no job is without a place to wait in, none is in two, and in the end all of them end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Keys, openKeys } from '../../../src/adapters/redis/keys.js';
import { rebuildJobs } from '../../../src/app/admin/rebuild-jobs.js';
import {
  type CommandExtras,
  type Handled,
  handleCommand,
  type Known,
} from '../../../src/app/handle-command.js';
import type { AttemptOutcome, JobCommand } from '../../../src/domain/decide.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { isTerminal, type Job } from '../../../src/domain/job.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim, LapsedAttempt } from '../../../src/ports/command-queue.js';
import { eventually } from '../../support/eventually.js';
import { sha256, startTurn, submit } from '../../support/ledger.js';
import { seeded } from '../../support/seeded.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const LANE = 'jobs';
const REPOS = ['https://git.example/a', 'https://git.example/b'] as const;
const START = { type: 'StartAttempt', worker: 'w', host: 'h' } as const;

const own = useRedis();

/** A refusal is an answer too: others were faster. */
async function carryOut(
  { events }: Bus,
  jobId: string,
  command: JobCommand,
  more: CommandExtras = {},
  known?: Known,
): Promise<Handled | undefined> {
  const clock = { now: Date.now, random: () => 0, sleep: async () => {} };
  try {
    return await handleCommand({ events, clock, hash: sha256 }, jobId, command, more, known);
  } catch (error) {
    if (error instanceof AgenticoreError) return undefined;
    throw error;
  }
}

const lose = (bus: Bus, { jobId, attempt }: LapsedAttempt): Promise<unknown> =>
  carryOut(bus, jobId, { type: 'LoseAttempt', attempt });

function createActs(buses: readonly Bus[], keys: Keys, random: () => number) {
  const jobs: string[] = [];
  const claims: Claim[] = [];
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const bus = (): Bus => pick(buses) ?? assert.fail();
  const outcomes: readonly AttemptOutcome[] = [
    { kind: 'succeeded' },
    { kind: 'handed-back' },
    { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' },
    { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'limit', resetsAt: 1 },
  ];
  const states = async (): Promise<readonly Job[]> =>
    (await Promise.all(jobs.map((jobId) => bus().events.load(jobId)))).flatMap((one) => one?.job ?? []);

  async function newJob(): Promise<void> {
    const repoUrl = pick([undefined, ...REPOS]);
    const order = { backoffS: 0, maxAttempts: 9, ...(repoUrl === undefined ? {} : { repoUrl }) };
    jobs.push(await submit(bus().events, { order, kind: pick(['task', 'task', 'turn'] as const) ?? 'task' }));
  }
  async function newTurn(): Promise<void> {
    jobs.push(await startTurn(bus().events));
  }
  async function claim(): Promise<void> {
    const taken = await bus().queue.claim(LANE, pick(['w-1', 'w-2']) ?? '', AbortSignal.timeout(5));
    if (taken) claims.push(taken);
  }
  async function start(): Promise<void> {
    const by = pick(claims);
    if (by) await carryOut(bus(), by.jobId, START, { claim: by.token }, by.known);
  }
  async function end(): Promise<void> {
    const stored = await bus().events.load(pick(jobs) ?? '');
    const outcome = pick(outcomes);
    if (stored?.job.status !== 'running' || outcome === undefined) return;
    const { attempt, id } = stored.job;
    await carryOut(
      bus(),
      id,
      { type: 'EndAttempt', attempt, outcome, jitter: 0 },
      {},
      pick([stored, undefined]),
    );
  }
  const acts: readonly (() => Promise<unknown>)[] = [
    ...[newJob, newJob, newJob, newTurn, claim, claim, start, start, end, end, end],
    async () => {
      const by = pick(claims);
      const command = { type: 'ParkJob', until: Date.now(), jitter: 0 } as const;
      if (by) await carryOut(bus(), by.jobId, command, { claim: by.token });
    },
    async () => {
      const jobId = pick([...jobs, ...jobs.map(() => undefined)]);
      if (jobId) await carryOut(bus(), jobId, { type: 'RequestCancel', by: 'somebody' });
    },
    async () => pick(claims)?.release(),
    async () => pick(claims)?.extend(),
    async () => {
      const by = pick(claims);
      const stored = by && (await bus().events.load(by.jobId));
      if (stored === undefined || isTerminal(stored.job.status)) await by?.ack();
    },
    async () => claims.push(...(await bus().queue.reclaim(LANE, 'w-1', 3))),
    () => bus().queue.promoteDue(3),
    async () => Promise.all((await bus().queue.lapsedDirect(2)).map((one) => lose(bus(), one))),
    () => bus().custody.steal(0),
    makeDue,
    async () => {
      const stored = await bus().events.load(pick(jobs) ?? '');
      if (stored && isTerminal(stored.job.status)) await bus().events.remove(stored.job.id);
    },
  ];

  /** Nobody waits for a time in a test: what is delayed is due. */
  async function makeDue(): Promise<void> {
    for (const jobId of await own.admin.zrange(keys.delayed, '0', '-1'))
      await own.admin.zadd(keys.delayed, 'XX', 1, jobId);
  }

  return {
    states,
    makeDue,
    manyAtOnce: () =>
      Promise.all(Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(acts)?.())),
  };
}

/** What is wrong with the places of the jobs; empty when nothing is. */
async function faults(bus: Bus, keys: Keys, states: readonly Job[]): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for await (const differed of rebuildJobs(bus, sha256, false, () => {})) found.push(differed);
  const alive = new Set(
    states.filter(({ status, direct }) => !isTerminal(status) && !direct).map(({ id }) => id),
  );
  const delayed = new Set(await own.admin.zrange(keys.delayed, '0', '-1'));
  let held = 0;
  for (const repo of REPOS) {
    const admitted = await own.admin.smembers(keys.admitted(repo));
    for (const jobId of admitted)
      if (!alive.has(jobId) || delayed.has(jobId)) found.push(`${jobId} counts though it is not in its lane`);
    const waiting = await own.admin.zcard(keys.held(repo));
    if (waiting > 0 && admitted.length === 0) found.push(`${waiting} of ${repo} are held by nobody`);
    held += waiting;
  }
  const length = await own.admin.xlen(keys.lane(LANE));
  if (length !== alive.size - held - delayed.size) found.push(`the lane has ${length} entries`);
  return found;
}

/** Lets every job come to its end. */
async function endAll(bus: Bus, makeDue: () => Promise<void>, keys: Keys): Promise<void> {
  await eventually('nothing is left to do', async () => {
    await makeDue();
    await bus.queue.promoteDue(1000);
    const lapsed = await bus.queue.lapsedDirect(1000);
    await Promise.all(lapsed.map((one) => lose(bus, one)));
    const { waiting, running } = await bus.queue.depth(LANE);
    const taken =
      waiting > 0
        ? [await bus.queue.claim(LANE, 'w-1', AbortSignal.timeout(100))]
        : await bus.queue.reclaim(LANE, 'w-1', 100);
    for (const by of taken) {
      const started = by && (await carryOut(bus, by.jobId, START, { claim: by.token }));
      if (started === undefined) await by?.ack();
      else if (started.job.status === 'running') {
        const { id, attempt } = started.job;
        const outcome = { kind: 'succeeded' } as const;
        await carryOut(bus, id, { type: 'EndAttempt', attempt, outcome, jitter: 0 });
      }
    }
    return lapsed.length + waiting + running + (await own.admin.zcard(keys.delayed)) === 0;
  });
}

for (const [seed, limits] of [
  [0, 2],
  [2, 1],
  [1, 0],
].entries()) {
  test(`no job is ever without a place, with limits of ${limits.join(' and ')} at once (seed ${seed})`, async () => {
    const keyPrefix = freshPrefix(own.server);
    const keys = openKeys(keyPrefix);
    const buses = await Promise.all(
      limits.map((maxPerRepo) => openBus(own.server, { keyPrefix, leaseMs: 1, maxPerRepo })),
    );
    const [bus = assert.fail()] = buses;
    try {
      const { states, manyAtOnce, makeDue } = createActs(buses, keys, seeded(seed));
      for (let step = 0; step < 40; step += 1) {
        await manyAtOnce();
        if (step % 4 === 0) assert.deepEqual(await faults(bus, keys, await states()), [], `step ${step}`);
      }
      await endAll(bus, makeDue, keys);
      const all = await states();
      assert.deepEqual(
        all.filter(({ status }) => !isTerminal(status)),
        [],
      );
      assert.deepEqual(await faults(bus, keys, all), []);
    } finally {
      await Promise.all(buses.map((one) => one.close()));
    }
  });
}
