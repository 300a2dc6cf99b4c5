// What can happen to a job, as its ledger tells it: the events and the facts that they carry.
import type { CallbackEvent } from './callback.js';
import type { ErrorCode } from './errors.js';
import type { Finding } from './guard.js';
import type { Visibility } from './visibility.js';

/** What was asked for, as checked and completed at the counter; never changes afterwards. */
export interface JobOrder {
  readonly task: string;
  readonly repoUrl?: string;
  readonly baseRef?: string;
  readonly profile: string;
  readonly lane: string;
  readonly mode: 'fire_and_forget' | 'sync';
  /** A Claude session of an earlier job, to be resumed. */
  readonly sessionId?: string;
  readonly timeoutS?: number;
  readonly maxBudgetUsd?: number;
  readonly model?: string;
  readonly maxTurns?: number;
  readonly queueTtlS: number;
  /** How long the record is kept after the end. */
  readonly ttlS: number;
  /** How long what was said is kept after the end; as long as the record when undefined. */
  readonly feedTtlS?: number;
  readonly maxAttempts: number;
  readonly backoffS: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly filePath?: string;
  readonly retryOf?: string;
  /** The work of an earlier job, for which only the pull request is still missing: claude is not asked again. */
  readonly delivers?: Delivery;
  readonly traceparent?: string;
  /** Where the end of the job is told. */
  readonly callbackUrl?: string;
  /** Set for jobs of kind `turn`; `task` is then the text of the prompt. */
  readonly turn?: TurnFacts;
}

export interface Delivery {
  /** The job whose work it is. */
  readonly jobId: string;
  readonly branch: string;
  readonly commit: string;
}

/** What the ledger knows of a turn besides its prompt. The whole request is kept beside it (EventLog.request). */
export interface TurnFacts {
  readonly agent: string;
  readonly packageVersion: string;
  /** Name of the API key that asked. */
  readonly caller: string;
  /** Undefined: a turn of its own. */
  readonly conversation?: string;
  readonly visibility: Visibility;
  /** The caller's own id of a completion. */
  readonly uuid?: string;
}

/** Count and hash of the last record of an attempt's transcript: a cut tail shows. */
export interface TranscriptSeal {
  readonly count: number;
  readonly head: string;
}

/** Claude's own usage object, passed through as it came. */
export type Usage = Readonly<Record<string, unknown>>;

interface OfAttempt {
  readonly at: number; // epoch milliseconds
  readonly attempt: number;
}

interface Held {
  /** How long of the wait that ends here its repository's limit kept it from its lane; left out when it did not. */
  readonly heldMs?: number;
}

interface Failure {
  readonly code: ErrorCode;
  readonly error: string;
}

interface Exhaustion {
  /** It would have been tried again, had it not used up its attempts: such a job is kept aside for a person. */
  readonly exhausted?: true;
}

/** A fact of the running attempt, reported by the worker that owns it. */
export type Progress =
  | ({ readonly type: 'WorkspaceOpened' } & WorkspaceFacts)
  | ({ readonly type: 'SetupFinished' } & CommandsFacts)
  | ({ readonly type: 'ClaudeStarted' } & ClaudeStart)
  | ({ readonly type: 'ClaudeFinished' } & ClaudeFacts)
  | ({ readonly type: 'VerificationFinished'; readonly round: number } & CommandsFacts)
  | { readonly type: 'CommitReady'; readonly oid: string; readonly leftUncommitted: boolean }
  | ({ readonly type: 'PushBlocked' } & BlockFacts)
  | { readonly type: 'BranchPushed'; readonly branch: string; readonly oid: string }
  | ({ readonly type: 'PullRequestOpened' } & PullRequestOpening)
  | { readonly type: 'PullRequestFailed'; readonly error: string };

export type JobEvent =
  | {
      readonly type: 'JobSubmitted';
      readonly at: number;
      readonly jobId: string;
      readonly kind: 'task' | 'turn';
      readonly order: JobOrder;
    }
  | ({
      readonly type: 'AttemptStarted';
      readonly worker: string;
      readonly host: string;
      /** Started where it came in, without ever being in a lane: a lease of its own keeps it alive. */
      readonly direct?: true;
    } & Held &
      OfAttempt)
  | (Progress & OfAttempt)
  | { readonly type: 'CancelRequested'; readonly at: number; readonly by: string }
  | ({ readonly type: 'AttemptFailed'; readonly retryAt: number } & Failure & OfAttempt)
  | ({ readonly type: 'AttemptLost'; readonly worker: string } & Failure & OfAttempt)
  | ({ readonly type: 'AttemptParked'; readonly until: number } & Failure & OfAttempt)
  | ({ readonly type: 'JobParked'; readonly at: number; readonly until: number } & Held & Failure)
  | ({ readonly type: 'AttemptHandedBack'; readonly worker: string } & OfAttempt)
  | ({ readonly type: 'JobSucceeded'; readonly transcript?: TranscriptSeal } & OfAttempt)
  | ({ readonly type: 'JobFailed'; readonly transcript?: TranscriptSeal } & Exhaustion & Failure & OfAttempt)
  | { readonly type: 'JobCancelled'; readonly at: number; readonly transcript?: TranscriptSeal }
  | { readonly type: 'JobExpired'; readonly at: number }
  // After the end: somebody has looked at a job that used up its attempts.
  | ({ readonly type: 'DeadLetterClosed'; readonly at: number; readonly by: string } & DeadLetterFate)
  // After the end as well: what became of telling it.
  | CallbackEvent;

/** What became of a dead letter; `retriedAs` is the id of the new job that tries once more. */
export type DeadLetterFate =
  | { readonly fate: 'requeued'; readonly retriedAs: string }
  | { readonly fate: 'dropped' };

export interface WorkspaceFacts {
  readonly path: string;
  readonly configDir: string;
  /** It is the worktree of an earlier attempt, as that one left it. Absent in ledgers of older versions. */
  readonly kept?: boolean;
  readonly branch?: string;
  readonly baseRef?: string;
  readonly baseOid?: string;
}

export interface PullRequestOpening {
  readonly url: string;
  /** An earlier attempt had opened it. */
  readonly existed: boolean;
  /** A sentence for each thing that the profile asks for and that it lacks; left out when it has them all. */
  readonly shortfalls?: readonly string[];
}

/** How the commands of a profile went, one after the other up to the first that failed. */
export interface CommandsFacts {
  readonly passed: boolean;
  readonly commands: readonly CommandRun[];
  /** The end of what the last of them said. */
  readonly output: string;
}

export interface CommandRun {
  readonly command: string;
  /** Null when it was killed, or still ran at the deadline of the attempt. */
  readonly exitCode: number | null;
  readonly durationMs: number;
}

export interface ClaudeStart {
  readonly pid: number;
  readonly sessionId: string;
  /** It goes on in the session of an earlier attempt. Absent in ledgers of older versions. */
  readonly resumed?: boolean;
}

export interface ClaudeFacts {
  readonly exitCode: number | null;
  readonly costUsd: number;
  readonly numTurns: number;
  readonly usage?: Usage;
  readonly transcript: TranscriptSeal;
  /** Size and SHA-256 of the final answer, whose text is kept beside the ledger. */
  readonly answer?: { readonly bytes: number; readonly sha256: string };
}

export interface BlockFacts {
  /** The first of them. */
  readonly findings: readonly Finding[];
  /** How many there are. */
  readonly total: number;
}
