// The limit per repository: how many of its jobs may be in their lanes at once. The others are held, in the order in
// which they came, and let in as those before them leave.

interface Held {
  readonly since: number;
  readonly letIn: () => void;
}

interface Repository {
  readonly admitted: Set<string>;
  readonly held: Map<string, Held>;
}

export interface Admission {
  /** Calls `letIn` now, or when the limit of `repo` allows. `since` (epoch milliseconds): from when holding counts. */
  enter(jobId: string, repo: string | undefined, letIn: () => void, since?: number): void;
  /** Counts a job that is in its lane already. */
  admit(jobId: string, repo: string | undefined): void;
  /** The job is neither in its lane nor held any more; the next ones are let in. */
  leave(jobId: string): void;
  /** How many jobs are held, of all repositories. */
  held(): number;
  /** How long the present wait of a job was spent held; undefined when none of it was. */
  heldMs(jobId: string): number | undefined;
  /** The job waits anew: what it was held before does not count. */
  forgetWait(jobId: string): void;
}

/** Nobody admitted. `limit` jobs per repository, 0 for any number; `now` in epoch milliseconds. */
export function createAdmission(limit: number, now: () => number): Admission {
  const repositories = new Map<string, Repository>();
  const repoOfJob = new Map<string, string>();
  const waits = new Map<string, number>();

  function repository(repo: string): Repository {
    const found = repositories.get(repo) ?? { admitted: new Set(), held: new Map() };
    repositories.set(repo, found);
    return found;
  }

  function fill({ admitted, held }: Repository): void {
    for (const [jobId, { since, letIn }] of held) {
      if (admitted.size >= limit) return;
      held.delete(jobId);
      admitted.add(jobId);
      if (now() > since) waits.set(jobId, now() - since);
      letIn();
    }
  }

  return {
    held: () => [...repositories.values()].reduce((sum, { held }) => sum + held.size, 0),
    enter(jobId, repo, letIn, since = now()) {
      if (limit === 0 || repo === undefined) return letIn();
      repoOfJob.set(jobId, repo);
      const own = repository(repo);
      own.held.set(jobId, { since, letIn });
      fill(own);
    },
    admit(jobId, repo) {
      if (limit === 0 || repo === undefined) return;
      repoOfJob.set(jobId, repo);
      repository(repo).admitted.add(jobId);
    },
    leave(jobId) {
      waits.delete(jobId);
      const repo = repoOfJob.get(jobId);
      if (repo === undefined) return;
      repoOfJob.delete(jobId);
      const own = repository(repo);
      own.admitted.delete(jobId);
      own.held.delete(jobId);
      fill(own);
      if (own.admitted.size === 0) repositories.delete(repo);
    },
    heldMs(jobId) {
      const held = repositories.get(repoOfJob.get(jobId) ?? '')?.held.get(jobId);
      return held === undefined ? waits.get(jobId) : Math.max(0, now() - held.since);
    },
    forgetWait(jobId) {
      waits.delete(jobId);
    },
  };
}
