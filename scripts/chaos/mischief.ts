// Does what was planned, when its time has come: spread over the run by the share of jobs that have ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { LANE_GROUP } from '../../src/adapters/redis/keys.js';
import { ACT_KINDS, type Act, type ActKind } from './acts.js';
import type { Course } from './course.js';
import { type Fleet, LEASE_S } from './fleet.js';
import type { Keeper } from './keeper.js';
import type { Member } from './member.js';

/** An act waits for its share of ended jobs no longer than this. */
const PATIENCE_MS = 6_000;
/** The acts are over when this share of the jobs has ended: the rest shows that the fleet recovers. */
const SHARE = 0.85;
const LANE = 'jobs';

export interface ActTally {
  done: number;
  /** Acts that met at least one claimed job; of those that trim, that trimmed at least one that had ended. */
  hits: number;
  /** Jobs met, all acts together. */
  attempts: number;
}

export interface Mischief {
  readonly tally: Readonly<Record<ActKind, ActTally>>;
  /** Resolves when the last act is over, thawed and started again. */
  readonly done: Promise<void>;
}

/** Carries out the acts; `jobs`: how many there will be. */
export function makeMischief(
  fleet: Fleet,
  acts: readonly Act[],
  jobs: number,
  course: Course,
  keeper: Keeper,
  signal: AbortSignal,
): Mischief {
  const tally = Object.fromEntries(
    ACT_KINDS.map((kind) => [kind, { done: 0, hits: 0, attempts: 0 }]),
  ) as Mischief['tally'];
  const lasting: Promise<void>[] = [];
  let redisBack: Promise<void> = Promise.resolve();

  async function carryOut({ kind, victim, forMs }: Act): Promise<void> {
    const worker = await pickWorker(fleet, victim);
    if (kind === 'kill-ingress') await fleet.ingress.up();
    else if (kind === 'kill-gateway') await fleet.gateway.up();
    else await worker.up();
    tally[kind].done += 1;
    switch (kind) {
      case 'kill-worker':
      case 'leave-worker':
        met(tally[kind], await attemptsOf(fleet, worker));
        return kind === 'kill-worker' ? worker.kill() : worker.leave();
      case 'freeze-worker': {
        met(tally[kind], await attemptsOf(fleet, worker));
        const thaw = worker.freeze();
        lasting.push(sleep(LEASE_S * 1000 + 500 + forMs).then(thaw));
        return;
      }
      case 'kill-ingress':
        return fleet.ingress.kill();
      case 'kill-gateway':
        return fleet.gateway.kill();
      case 'restart-redis':
        await redisBack;
        met(tally[kind], await attemptsOf(fleet));
        await fleet.redisServer.kill();
        // Mostly a restart, sometimes an absence that outlasts the leases.
        redisBack = sleep(forMs > 2400 ? forMs * 2 : forMs / 4).then(() => fleet.redisServer.start());
        lasting.push(redisBack);
        return;
      case 'trim-jobs':
        // Beside everything else; one in three is killed before it is done, or has begun.
        lasting.push(
          keeper.trim(forMs < 1000 ? 300 + forMs : undefined).then((trimmed) => met(tally[kind], trimmed)),
        );
        return;
      case 'redeliver':
        met(tally[kind], await redeliver(fleet, victim));
        return;
      default:
        return kind satisfies never;
    }
  }

  const done = (async () => {
    for (const [index, act] of acts.entries()) {
      const due = Math.floor((index / acts.length) * jobs * SHARE);
      const deadline = Date.now() + PATIENCE_MS;
      while (course.ended < due && Date.now() < deadline && !signal.aborted) await sleep(20);
      await sleep(act.pauseMs);
      if (signal.aborted) break;
      await carryOut(act);
    }
    await Promise.all(lasting);
  })();
  return { tally, done };
}

function met(tally: ActTally, attempts: number): void {
  tally.attempts += attempts;
  if (attempts > 0) tally.hits += 1;
}

/** One of the workers that hold a job; one of all when none does, or Redis does not tell. */
async function pickWorker(fleet: Fleet, victim: number): Promise<Member> {
  const claims = await claimsOf(fleet);
  const busy = fleet.workers.filter((worker) => countOf(claims, worker) > 0);
  const candidates = busy.length > 0 ? busy : fleet.workers;
  return candidates[Math.floor(victim * candidates.length)] ?? fleet.ingress;
}

/** How many lane entries the worker holds, or all workers together; 0 when Redis does not tell. */
const attemptsOf = async (fleet: Fleet, worker?: Member): Promise<number> =>
  countOf(await claimsOf(fleet), worker);

/** Lane entries by the name of their consumer. */
async function claimsOf({ redis, keys }: Fleet): Promise<ReadonlyMap<string, number>> {
  const reply = await redis.call('XINFO', 'CONSUMERS', keys.lane(LANE), LANE_GROUP).catch(() => []);
  const rows = reply as readonly (readonly (string | number)[])[];
  return new Map(rows.map((row) => [String(row[1]), Number(row[3])]));
}

const countOf = (claims: ReadonlyMap<string, number>, worker?: Member): number =>
  [...claims]
    .filter(([name]) => worker === undefined || name.includes(`-${worker.pid()}-`))
    .reduce((sum, [, pending]) => sum + pending, 0);

/**
 * Takes a claimed entry away from its living holder and lets its lease look lapsed, so that the next worker that looks
 * gets it, the holder itself perhaps: one entry in two hands, which is what a duplicate delivery is. The length of the
 * lane stays. Resolves with 1, or with 0 when nothing was claimed.
 */
async function redeliver({ redis, keys }: Fleet, victim: number): Promise<number> {
  try {
    const lane = keys.lane(LANE);
    const pending = (await redis.xpending(lane, LANE_GROUP, '-', '+', 1000)) as [
      string,
      string,
      number,
      number,
    ][];
    const entry = pending[Math.floor(victim * pending.length)]?.[0];
    if (entry === undefined) return 0;
    const taken = await redis.xclaim(
      lane,
      LANE_GROUP,
      'nobody',
      0,
      entry,
      'IDLE',
      LEASE_S * 10_000,
      'JUSTID',
    );
    return taken.length;
  } catch {
    return 0;
  }
}
