// Claude, as a process that is given an order and says things until it is done.
import type { ErrorCode } from '../domain/errors.js';
import type { Usage } from '../domain/job-event.js';

export interface AgentOrder {
  /** Marks every process of this attempt, so that none can outlive it: `<job id>.<attempt>`. */
  readonly tag: string;
  readonly task: string;
  readonly cwd: string;
  /** 0700 directory owned by the job; becomes CLAUDE_CONFIG_DIR (`claude/`), HOME (`home/`) and TMPDIR (`tmp/`). */
  readonly jobDir: string;
  /** The UUID of the Claude session: a new one, or with `resumeFrom` that of an earlier job. */
  readonly sessionId: string;
  /** The session goes on from there: absolute path of its file, or its id when it is in the job's own directory. */
  readonly resumeFrom?: string;
  /** `--flag value` pairs from profile and order; true = bare flag. Never a shell. */
  readonly flags: Readonly<Record<string, string | number | true | readonly string[]>>;
  /** Text appended to Claude's system prompt: job context, instructions, the repository's CLAUDE.md. */
  readonly appendSystemPrompt: string;
  readonly settingSources: string; // `user`, or `user,project,local` for a trusted repository
  readonly mcpConfigPath?: string;
  /** The whole environment of the process besides what the driver sets; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Deadline of the whole attempt. */
  readonly timeoutMs: number;
}

/** One stream-json line; a line that was no JSON, or longer than the driver keeps, has a substitute. */
export interface AgentMessage {
  /** The message's `type`; `unparsed` (with its text) or `oversized` (with of, bytes, sha256, preview) for substitutes. */
  readonly type: string;
  readonly message: Readonly<Record<string, unknown>>;
  /** The line as it came, one line of JSON; for a substitute its JSON. */
  readonly line: string;
}

export interface AgentReport {
  readonly exitCode: number | null;
  readonly costUsd: number;
  readonly numTurns: number;
  readonly usage?: Usage;
  /** Claude's final answer. */
  readonly answer?: string;
}

/** How it ended; judged from the result message, never from the exit code alone. */
export type AgentEnd =
  | ({ readonly kind: 'succeeded' } & AgentReport)
  | ({
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly error: string;
      readonly resetsAt?: number;
    } & AgentReport)
  | ({ readonly kind: 'stopped' } & AgentReport); // by the signal

export interface AgentListener {
  /** Once, when the process runs. */
  started(pid: number): void;
  /** Each message in order; a returned promise holds back the reading of more. */
  message(message: AgentMessage): Promise<void> | void;
}

export interface Agent {
  /**
   * Runs claude on the order. Aborting the signal runs the stop ladder. Resolves when no process of the attempt is
   * left; rejects only for bugs. Expected failures are ends with a code.
   */
  run(order: AgentOrder, listener: AgentListener, signal: AbortSignal): Promise<AgentEnd>;
  /**
   * Ends what earlier attempts of the job may have left running on this host, in `workplace` or anywhere else. True when
   * it is certain that nothing is left; false when that cannot be known, or an attempt's worker still lives.
   */
  endLeftovers(jobId: string, workplace: string): Promise<boolean>;
}
