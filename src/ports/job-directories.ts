// The private directory of a job on this host: Claude's configuration, HOME and temporary files, and its session.
export interface JobDirectories {
  /**
   * Creates (0700) or finds the directory of a job, emptied of everything but Claude's sessions and spools. From now on
   * it is that attempt's. Throws STALE_ATTEMPT when it is a later one's already.
   */
  prepare(jobId: string, attempt: number): Promise<JobDirectory>;
  /**
   * After an attempt: removes everything but Claude's sessions, which resume, attach and verify need, and spools.
   * Leaves a directory alone that has become a later attempt's.
   */
  tidy(jobId: string, attempt: number): Promise<void>;
  /** After the job's TTL. */
  remove(jobId: string): Promise<void>;
  /** The jobs that have a directory here which no attempt has begun or ended in since `before` (epoch ms). */
  untouched(before: number): Promise<readonly string[]>;
  /** The session file of an earlier job on this host or shared root; undefined when it is not here. */
  findSession(sessionId: string): Promise<string | undefined>;
}

export interface JobDirectory {
  readonly root: string;
  /** Claude's configuration directory, where the profile is laid out. */
  readonly configDir: string;
  /** An empty directory to work in, for jobs without a repository. */
  readonly emptyDir: string;
}
