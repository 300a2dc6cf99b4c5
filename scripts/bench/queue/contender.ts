// What a queue must be able to do to be measured: the same three things for each of them.

/** What each job asks for. */
export const REQUEST = {
  task: 'Make the failing test of the parser pass, and say in the pull request what was wrong.',
  repoUrl: 'https://github.com/team/project.git',
} as const;

export interface Contender {
  readonly name: string;
  /** Adds one job; resolves when the queue has promised it. */
  submit(): Promise<void>;
  /** Starts a worker with a no-op executor; resolves when it could take its first job. */
  work(concurrency: number, listener: WorkListener): Promise<Working>;
  close(): Promise<void>;
}

export interface WorkListener {
  /** A job has reached the executor, its start recorded where the queue records it. */
  started(): void;
  /** The end of a job is recorded. */
  done(): void;
}

export interface Working {
  /** Lets the worker take jobs. */
  begin(): void;
  stop(): Promise<void>;
}
