// The keeper's view of the file bus: the same counts as Redis has, from the lanes in memory and the ledgers they
// were folded from.
import type { Custody, LaneReport, PendingEntry } from '../../ports/custody.js';
import { createArrival } from './arrival.js';
import type { KeptJob } from './disk/kept-job.js';
import { messagesOf } from './disk/kept-job.js';
import type { BusState } from './memory/bus-state.js';
import { trim } from './trim.js';

/** The custody over the jobs of `state`. */
export function createCustody(state: BusState): Custody {
  const { jobs, lanes, now } = state;

  function laneReport(lane: string): LaneReport {
    const { waiting, running } = lanes.depth(lane);
    const held = new Set(lanes.held(lane).map(({ jobId }) => jobId));
    const mine = [...jobs.values()].filter(({ stored: { job } }) => job.order.lane === lane);
    const since = mine
      .filter(
        ({ id, stored: { job } }) => job.status === 'queued' && !held.has(id) && !isLater(job.nextAttemptAt),
      )
      .map(({ stored: { job } }) => job.queuedSince);
    const workers = mine.flatMap(({ stored: { job } }) =>
      job.status === 'running' && !job.direct ? [job.worker] : [],
    );
    return {
      lane,
      length: waiting + running,
      waiting,
      running,
      oldestAt: since.length === 0 ? undefined : since.reduce((a, b) => Math.min(a, b)),
      consumers: new Set(workers).size,
      lag: waiting,
    };
  }

  const isLater = (time: number | undefined): boolean => time !== undefined && time > now();

  /** An entry that nobody holds any more, or that is seen by another process than its holder's: since it last said something. */
  async function silenceOf(job: KeptJob): Promise<number> {
    const last = (await messagesOf(job)).last?.cursor ?? '0-0';
    const spoke = [last, job.lastEvent].map((cursor) => Number(cursor.split('-')[0]));
    return Math.max(0, now() - Math.max(...spoke));
  }

  async function pending(): Promise<PendingEntry[]> {
    const found: PendingEntry[] = [];
    for (const lane of lanes.names()) {
      for (const { jobId, idleMs } of lanes.held(lane)) {
        const job = jobs.get(jobId);
        if (job === undefined) continue;
        const { worker = '', attempt } = job.stored.job;
        const idle = Number.isFinite(idleMs) ? idleMs : await silenceOf(job);
        found.push({ lane, jobId, worker, idleMs: Math.round(idle), deliveries: attempt });
      }
    }
    return found.sort((a, b) => b.idleMs - a.idleMs);
  }

  return {
    lanes: async () => [...lanes.names()].sort().map(laneReport),
    delayed: async () => lanes.delayed(),
    held: async () => state.admission.held(),
    pending,
    async steal(minIdleMs) {
      state.assertWritable();
      const idle = (await pending()).filter(({ idleMs }) => idleMs >= minIdleMs);
      for (const { lane, jobId } of idle) lanes.free(lane, jobId);
      return idle;
    },
    // Everything beside the ledgers is folded from them at each start: nothing can have come to differ.
    async reconcile(jobId, { job }) {
      return jobs.get(jobId)?.stored.job.version === job.version ? [] : undefined;
    },
    async *strays() {},
    async trimMark(jobId) {
      const job = jobs.get(jobId);
      return job && (await messagesOf(job)).trimmed;
    },
    trim: (jobId, cut) => state.serial.run(`job:${jobId}`, () => trim(state, jobId, cut)),
    async receive(jobId) {
      state.assertWritable();
      return createArrival(state, jobId);
    },
    async *jobIds() {
      yield* [...jobs.keys()];
    },
  };
}
