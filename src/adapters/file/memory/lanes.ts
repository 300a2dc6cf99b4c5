// The lanes in memory: who holds which entry, who waits for one, which jobs wait for their time. Folded from the
// ledgers at start; the claims themselves die with the process, as its workers do.
import type { PlacementChange } from '../../../domain/placement.js';
import type { Claim, LaneDepth } from '../../../ports/command-queue.js';
import type { Admission } from './admission.js';

interface Entry {
  readonly jobId: string;
  /** Token of the claim that holds it; undefined when none does. */
  holder?: string | undefined;
  /** When the claim lapses, on the lease clock. An orphan has no holder and has lapsed. */
  deadline?: number | undefined;
}

interface Lane {
  /** In the order in which they are claimed. */
  readonly entries: Map<string, Entry>;
  readonly waiters: Set<(claim: Claim | undefined) => void>;
}

export interface Lanes {
  /** Carries out what a transition does to the queue. `since`: from when a job that is held counts as held. */
  place(jobId: string, change: Exclude<PlacementChange, { kind: 'lease' }>, since?: number): void;
  /** Puts a job into its lane whose attempt was running when the last process ended: anybody's at once. */
  placeOrphan(jobId: string, lane: string): void;
  claim(lane: string, signal: AbortSignal): Promise<Claim | undefined>;
  /** The oldest entry that nobody holds, if one waits. */
  claimWaiting(lane: string): Claim | undefined;
  reclaim(lane: string, limit: number): readonly Claim[];
  /** Moves delayed jobs that are due at `now` (epoch milliseconds) into their lanes. */
  promoteDue(now: number, limit: number): number;
  /** True while the claim with this token is held. */
  holds(jobId: string, lane: string, token: string): boolean;
  depth(lane: string): LaneDepth;
  /** The lanes that have held an entry. */
  names(): readonly string[];
  /** How many jobs wait for their time. */
  delayed(): number;
  /** The jobs of the entries that are claimed, or were when the last process ended, with the time since. */
  held(lane: string): readonly { readonly jobId: string; readonly idleMs: number }[];
  /** Takes a claimed entry out of its holder's hands and puts it back as new. */
  free(lane: string, jobId: string): void;
  /** Ends every wait with nothing. */
  wakeAll(): void;
}

export interface LanesOptions {
  readonly leaseMs: number;
  readonly admission: Admission;
  /** What the limit per repository counts a job by. */
  readonly repoOf: (jobId: string) => string | undefined;
  /** Of a clock that only goes forward. */
  readonly leaseNow?: () => number;
}

/** Empty lanes. */
export function createLanes(options: LanesOptions): Lanes {
  const { leaseMs, admission, repoOf, leaseNow = () => performance.now() } = options;
  const all = new Map<string, Lane>();
  let claims = 0;
  const delayed = new Map<string, { readonly lane: string; readonly until: number }>();

  function laneOf(name: string): Lane {
    const lane = all.get(name) ?? { entries: new Map(), waiters: new Set() };
    all.set(name, lane);
    return lane;
  }

  /** Looking makes no lane. */
  const entriesOf = (name: string): Lane['entries'] => all.get(name)?.entries ?? new Map();

  function hold(lane: Lane, entry: Entry): Claim {
    const holder = `${entry.jobId} ${++claims}`;
    entry.holder = holder;
    entry.deadline = leaseNow() + leaseMs;
    const isOurs = (): boolean => entry.holder === holder && lane.entries.get(entry.jobId) === entry;
    return {
      jobId: entry.jobId,
      token: holder,
      async extend() {
        if (!isOurs()) return false;
        entry.deadline = leaseNow() + leaseMs;
        return true;
      },
      async release() {
        if (isOurs()) putFresh(lane, entry.jobId);
      },
      async ack() {
        if (isOurs()) lane.entries.delete(entry.jobId);
      },
    };
  }

  /** A new entry at the back; the old one, and whoever holds it, no longer counts. */
  function putFresh(lane: Lane, jobId: string): void {
    const entry: Entry = { jobId };
    lane.entries.delete(jobId);
    lane.entries.set(jobId, entry);
    const [waiter] = lane.waiters;
    if (waiter === undefined) return;
    lane.waiters.delete(waiter);
    waiter(hold(lane, entry));
  }

  function claimWaiting(lane: Lane): Claim | undefined {
    for (const entry of lane.entries.values()) if (entry.holder === undefined) return hold(lane, entry);
    return undefined;
  }

  return {
    place(jobId, change, since) {
      if (change.kind === 'none') return;
      const lane = laneOf(change.lane);
      delayed.delete(jobId);
      if (change.kind === 'enqueue')
        return admission.enter(jobId, repoOf(jobId), () => putFresh(lane, jobId), since);
      admission.forgetWait(jobId);
      if (change.kind === 'requeue') return putFresh(lane, jobId);
      lane.entries.delete(jobId);
      admission.leave(jobId);
      if (change.kind === 'delay') delayed.set(jobId, { lane: change.lane, until: change.until });
    },
    placeOrphan(jobId, lane) {
      admission.admit(jobId, repoOf(jobId));
      laneOf(lane).entries.set(jobId, { jobId, deadline: Number.NEGATIVE_INFINITY });
    },
    async claim(name, signal) {
      if (signal.aborted) return undefined;
      const lane = laneOf(name);
      const waiting = claimWaiting(lane);
      if (waiting !== undefined) return waiting;
      return new Promise((resolve) => {
        const abort = (): void => {
          lane.waiters.delete(take);
          resolve(undefined);
        };
        const take = (claim: Claim | undefined): void => {
          signal.removeEventListener('abort', abort);
          resolve(claim);
        };
        lane.waiters.add(take);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    claimWaiting: (name) => claimWaiting(laneOf(name)),
    reclaim(name, limit) {
      const lane = all.get(name);
      if (lane === undefined) return [];
      const now = leaseNow();
      const lapsed = [...lane.entries.values()].filter(
        ({ deadline }) => deadline !== undefined && deadline <= now,
      );
      return lapsed.slice(0, limit).map((entry) => hold(lane, entry));
    },
    promoteDue(now, limit) {
      const due = [...delayed]
        .filter(([, { until }]) => until <= now)
        .sort(([, a], [, b]) => a.until - b.until);
      for (const [jobId, { lane }] of due.slice(0, limit)) {
        delayed.delete(jobId);
        admission.enter(jobId, repoOf(jobId), () => putFresh(laneOf(lane), jobId));
      }
      return Math.min(due.length, limit);
    },
    holds: (jobId, name, token) => entriesOf(name).get(jobId)?.holder === token,
    depth(name) {
      const entries = entriesOf(name);
      const running = [...entries.values()].filter(({ deadline }) => deadline !== undefined).length;
      return { waiting: entries.size - running, running };
    },
    names: () => [...all.keys()],
    delayed: () => delayed.size,
    held(name) {
      const now = leaseNow();
      return [...entriesOf(name).values()].flatMap(({ jobId, deadline }) =>
        deadline === undefined ? [] : [{ jobId, idleMs: Math.max(0, now - (deadline - leaseMs)) }],
      );
    },
    free(name, jobId) {
      const lane = laneOf(name);
      if (lane.entries.get(jobId)?.deadline !== undefined) putFresh(lane, jobId);
    },
    wakeAll() {
      for (const { waiters } of all.values()) {
        for (const take of waiters) take(undefined);
        waiters.clear();
      }
    },
  };
}
