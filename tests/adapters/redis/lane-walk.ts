// A random walk of everything that can happen to jobs in a lane, by two processes on one Redis.
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { openKeys } from '../../../src/adapters/redis/keys.js';
import { parseView } from '../../../src/adapters/redis/view.js';
import { isTerminal, type Job } from '../../../src/domain/job.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import { carryOut, endAttempt, startTurn, submit, transition } from '../../support/ledger.js';
import type { TestRedis } from '../../support/redis-server.js';
import { seeded } from '../../support/seeded.js';
import { editView } from './edited-view.js';
import { freshPrefix, openBus } from './redis-under-test.js';

/** How an ending is spoilt: what must never happen, done on purpose. */
export type Sabotage = 'none' | 'deleted, not acknowledged' | 'acknowledged, not deleted';

export interface LaneState {
  readonly stream: string;
  /** From the ledgers' states: what waits in the lane or runs. */
  readonly open: number;
  readonly waiting: number;
  readonly running: number;
}

const LANE = 'jobs';
const LEASE_MS = 1;
const PER_REPO = 2;
const CANCEL = { type: 'RequestCancel', by: 'somebody' } as const;
const FAILED = { kind: 'failed', code: 'CLAUDE_CRASHED', error: 'it crashed' } as const;
const LIMITED = { kind: 'failed', code: 'CLAUDE_USAGE_LIMIT', error: 'limit' } as const;
const GOOD = { outcome: { kind: 'succeeded' }, jitter: 0 } as const;
type Outcome = Parameters<typeof endAttempt>[2];

/** Walks until `look` gives a sentence, which is the result, or `steps` are done. The same seed, the same walk. */
export async function walkLane(
  redis: TestRedis,
  admin: Redis,
  { seed, steps, sabotage }: { readonly seed: number; readonly steps: number; readonly sabotage: Sabotage },
  look: (state: LaneState) => Promise<string | undefined>,
): Promise<string | undefined> {
  const keyPrefix = freshPrefix(redis);
  const options = { keyPrefix, leaseMs: LEASE_MS, maxPerRepo: PER_REPO };
  const buses = [await openBus(redis, options), await openBus(redis, options)];
  try {
    const walk = createWalk(buses, admin, keyPrefix, seeded(seed), sabotage);
    await admin.xgroup('CREATE', openKeys(keyPrefix).lane(LANE), 'workers', '0', 'MKSTREAM');
    for (let step = 0; step < steps; step += 1) {
      const name = await walk.step();
      const fault = await look(await walk.state());
      if (fault !== undefined) return `step ${step} (${name}): ${fault}`;
    }
    return undefined;
  } finally {
    await Promise.all(buses.map((bus) => bus.close()));
  }
}

function createWalk(
  buses: readonly Bus[],
  admin: Redis,
  keyPrefix: string,
  random: () => number,
  sabotage: Sabotage,
) {
  const keys = openKeys(keyPrefix);
  const lane = keys.lane(LANE);
  const jobs: string[] = [];
  const claims: Claim[] = [];
  const past = { now: Date.now() - 3_600_000 };
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const bus = (): Bus => {
    const one = pick(buses);
    if (one === undefined) throw new Error('there is no bus');
    return one;
  };

  const states = async (): Promise<readonly Job[]> =>
    (await Promise.all(jobs.map((jobId) => bus().events.load(jobId)))).flatMap((one) => one?.job ?? []);
  const inStatus = async (status: Job['status']) => (await states()).filter((job) => job.status === status);

  async function end(outcome: Outcome): Promise<void> {
    const job = pick(await inStatus('running'));
    if (job === undefined) return;
    if (sabotage === 'none') return void (await endAttempt(bus().events, job.id, outcome, past));
    const { entry } = parseView(await admin.get(keys.view(job.id)));
    const before = await bus().events.load(job.id);
    const command = { type: 'EndAttempt', attempt: job.attempt, outcome, jitter: 0 } as const;
    await bus().events.append({ ...transition(before, command, past), placement: { kind: 'none' } });
    if (entry === undefined) return;
    await editView(admin, keys.view(job.id), 'entry', '-');
    if (sabotage === 'deleted, not acknowledged') await admin.xdel(lane, entry);
    else await admin.xack(lane, 'workers', entry);
  }

  const acts: Readonly<Record<string, () => Promise<unknown>>> = {
    submit: async () => {
      const repo = pick([undefined, 'a', 'b']);
      const repoUrl = repo === undefined ? {} : { repoUrl: `https://git.example/${repo}` };
      jobs.push(await submit(bus().events, { order: { backoffS: 0, maxAttempts: 9, ...repoUrl }, ...past }));
    },
    'start a turn': async () => void jobs.push(await startTurn(bus().events, past)),
    'lose a turn': async () => {
      const lost = pick((await inStatus('running')).filter(({ direct }) => direct));
      if (lost) await carryOut(bus().events, lost.id, { type: 'LoseAttempt', attempt: 1 }, past);
    },
    claim: async () => {
      if ((await bus().queue.depth(LANE)).waiting === 0) return;
      const claim = await bus().queue.claim(LANE, pick(['w-1', 'w-2']) ?? '', new AbortController().signal);
      if (claim) claims.push(claim);
    },
    'start an attempt': async () => {
      const claim = pick(claims);
      const stored = claim && (await bus().events.load(claim.jobId));
      if (stored === undefined || isTerminal(stored.job.status)) return;
      const next = transition(stored, { type: 'StartAttempt', worker: 'w', host: 'h' }, past);
      await bus().events.append({ ...next, claim: claim?.token ?? '' });
    },
    succeed: () => end({ kind: 'succeeded' }),
    'succeed and go on with the next': async () => {
      const job = pick((await inStatus('running')).filter(({ direct }) => !direct));
      const before = job && (await bus().events.load(job.id));
      if (before === undefined || sabotage !== 'none') return;
      const command = { type: 'EndAttempt', attempt: before.job.attempt, ...GOOD } as const;
      const start = random() < 0.5 ? { host: 'h', credential: 'c' } : undefined;
      const end = transition(before, command, past);
      const result = await bus().events.append({ ...end, nextFor: { worker: 'w-2', start } });
      if (result.kind === 'appended' && result.next) claims.push(result.next);
    },
    'hand back': () => end({ kind: 'handed-back' }),
    fail: () => end(FAILED),
    park: () => end({ ...LIMITED, resetsAt: Date.now() + 3_600_000 }),
    extend: async () => pick(claims)?.extend(),
    release: async () => pick(claims)?.release(),
    'acknowledge what is over': async () => {
      const claim = pick(claims);
      const job = claim && (await bus().events.load(claim.jobId))?.job;
      if (job === undefined || isTerminal(job.status)) await claim?.ack();
    },
    cancel: async () => {
      const job = pick([...(await inStatus('queued')), ...(await inStatus('running'))]);
      if (job && !job.cancelRequested) await carryOut(bus().events, job.id, CANCEL);
    },
    'crash and reclaim': async () => {
      await pause(2 * LEASE_MS); // the lease itself is what is waited for
      claims.push(...(await bus().queue.reclaim(LANE, 'w-1', 3)));
    },
    promote: () => bus().queue.promoteDue(2),
    remove: async () => {
      const jobId = pick(jobs);
      if (random() < 0.3 && jobId) await bus().events.remove(jobId);
    },
  };
  const names = Object.keys(acts);

  return {
    async step(): Promise<string> {
      const name = random() < 0.25 ? 'submit' : (pick(names) ?? '');
      await acts[name]?.();
      return name;
    },
    async state(): Promise<LaneState> {
      const [all, delayed, held, { running: claimed }] = await Promise.all([
        states(),
        admin.zcard(keys.delayed),
        Promise.all(['a', 'b'].map((repo) => admin.zcard(keys.held(`https://git.example/${repo}`)))),
        bus().queue.depth(LANE),
      ]);
      const alive = all.filter((job) => !isTerminal(job.status) && !job.direct).length;
      const open = alive - delayed - held.reduce((sum, count) => sum + count, 0);
      return { stream: lane, open, waiting: open - claimed, running: claimed };
    },
  };
}
