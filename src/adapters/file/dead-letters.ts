// The dead letters of the file bus: what the ledgers say, in the order in which the jobs failed.
import type { DeadLetter, DeadLetters } from '../../ports/dead-letters.js';
import type { BusState } from './memory/bus-state.js';

/** The dead letters among the jobs of `state`. */
export function createDeadLetters({ jobs, deadLetters }: BusState): DeadLetters {
  const letter = (jobId: string): DeadLetter[] => {
    const job = jobs.get(jobId)?.stored.job;
    if (job?.endedAt === undefined || job.code === undefined) return [];
    return [{ jobId, at: job.endedAt, code: job.code, error: job.error ?? '' }];
  };
  const place = ({ at, jobId }: DeadLetter): string => `${String(at).padStart(16, '0')}.${jobId}`;
  return {
    async list(limit, after = '') {
      const all = [...deadLetters].flatMap(letter).sort((a, b) => (place(a) < place(b) ? -1 : 1));
      const rest = all.filter((one) => place(one) > after);
      const last = rest[limit - 1];
      return { letters: rest.slice(0, limit), next: rest.length > limit && last ? place(last) : undefined };
    },
    count: async () => deadLetters.size,
  };
}
