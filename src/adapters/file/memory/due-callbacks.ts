// Whose end is to be told, in memory: few at a time. What a process had taken up when it ended is due again with the next.
import type { Job } from '../../../domain/job.js';
import type { Transition } from '../../../ports/event-log.js';

export interface DueCallbacks {
  /** As the ledger says. */
  file(job: Job): void;
  /** As a transition says. */
  change(jobId: string, change: Transition['callback']): void;
  /** The longest overdue first; they are due again at `heldUntil`. */
  take(now: number, limit: number, heldUntil: number): readonly string[];
  count(): number;
  forget(jobId: string): void;
}

/** Of no jobs. */
export function createDueCallbacks(): DueCallbacks {
  const times = new Map<string, number>();
  return {
    file({ id, callback }) {
      if (callback?.dueAt !== undefined) times.set(id, callback.dueAt);
    },
    change(jobId, change) {
      if (change === 'settled') times.delete(jobId);
      else if (change !== 'same') times.set(jobId, change.dueAt);
    },
    take(now, limit, heldUntil) {
      const due = [...times].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
      const taken = due.slice(0, limit).map(([jobId]) => jobId);
      for (const jobId of taken) times.set(jobId, heldUntil);
      return taken;
    },
    count: () => times.size,
    forget: (jobId) => void times.delete(jobId),
  };
}
