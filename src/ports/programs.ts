// Commands of a profile, as a person would type them into a shell in the worktree.

export interface CommandOrder {
  /** Marks every process of this attempt, so that none can outlive it: `<job id>.<attempt>`. */
  readonly tag: string;
  /** One line, or several, of shell. */
  readonly command: string;
  readonly cwd: string;
  /** 0700 directory owned by the job; HOME is its `home/`, TMPDIR its `tmp/`. */
  readonly jobDir: string;
  /** The whole environment besides that; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface CommandEnd {
  /** `timed_out`: it was still running at the deadline. */
  readonly kind: 'exited' | 'killed' | 'timed_out';
  /** Null when it was killed. */
  readonly exitCode: number | null;
  /** The last part of what it wrote to both streams, as it came. */
  readonly output: string;
}

export interface Programs {
  /**
   * Runs the command to its end. Resolves when nothing of it is left, what it put into the background included.
   * Rejects with the signal's reason, or with WORKSPACE_FAILED when it cannot be started.
   */
  run(order: CommandOrder, signal: AbortSignal): Promise<CommandEnd>;
}
