// When upkeep must look at which job: few are ever due, so looking at all numbers is cheaper than keeping them sorted.
import type { Job } from '../../../domain/job.js';
import { upkeepAt } from '../../../domain/upkeep.js';

export interface Upkeep {
  /** Files a job under its new state. */
  file(job: Job): void;
  /** The longest overdue first. */
  due(now: number, limit: number): readonly string[];
  /** Does nothing for a job that is due after `now` and before `at`. */
  putOff(jobId: string, now: number, at: number): void;
  forget(jobId: string): void;
}

/** Of no jobs. */
export function createUpkeep(): Upkeep {
  const times = new Map<string, number>();
  return {
    file(job) {
      const at = upkeepAt(job);
      if (at === undefined) times.delete(job.id);
      else times.set(job.id, at);
    },
    due: (now, limit) =>
      [...times]
        .filter(([, at]) => at <= now)
        .sort(([, a], [, b]) => a - b)
        .slice(0, limit)
        .map(([jobId]) => jobId),
    putOff(jobId, now, at) {
      const was = times.get(jobId);
      if (was !== undefined && (was <= now || at < was)) times.set(jobId, at);
    },
    forget: (jobId) => void times.delete(jobId),
  };
}
