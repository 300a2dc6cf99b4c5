// Which request keys are taken, by which job, until when.

export interface TakenKey {
  readonly key: string;
  readonly jobId: string;
  readonly digest: string;
  readonly expiresAt: number; // epoch milliseconds
}

export interface IdempotencyKeys {
  find(key: string, now: number): TakenKey | undefined;
  put(taken: TakenKey): void;
  /** The key of a job, as far as it is kept. */
  ofJob(jobId: string): TakenKey | undefined;
}

/** No key taken. */
export function createIdempotencyKeys(): IdempotencyKeys {
  const taken = new Map<string, TakenKey>();
  const keysOfJob = new Map<string, string>();

  function free({ key, jobId }: TakenKey): void {
    taken.delete(key);
    keysOfJob.delete(jobId);
  }

  return {
    find(key, now) {
      // Keys live about equally long: the expired ones are at the front.
      for (const old of taken.values()) {
        if (old.expiresAt > now) break;
        free(old);
      }
      const found = taken.get(key);
      return found && found.expiresAt > now ? found : undefined;
    },
    put(next) {
      const old = taken.get(next.key);
      if (old && old.expiresAt > next.expiresAt) return; // read from disk in another order than written
      if (old) free(old);
      taken.set(next.key, next);
      keysOfJob.set(next.jobId, next.key);
    },
    ofJob: (jobId) => taken.get(keysOfJob.get(jobId) ?? ''),
  };
}
