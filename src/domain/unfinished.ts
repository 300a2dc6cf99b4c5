// What an attempt leaves for the next one to go on with: a worktree with its uncommitted work, and the Claude session
// in it. Whether going on is wise follows from how the attempt ended; the table below is that judgement, as data.
import type { ErrorCode } from './errors.js';
import type { JobEvent } from './job-event.js';

export interface Unfinished {
  /** The attempt that opened the worktree; whoever goes on in it later changes nothing of that. */
  readonly origin: number;
  readonly path: string;
  /** The Claude session in it; absent until claude has started there. */
  readonly sessionId?: string;
  /** The session was resumed once already, and the model has not answered since. */
  readonly isFutile?: boolean;
}

/**
 * What the end of an attempt says about its session. `sound`: it has nothing to do with it. `doubtful`: it may, so that
 * one resume without progress is the last. A code that is not named here speaks against it: the next attempt starts
 * afresh.
 */
const SESSION_AFTER: Readonly<Partial<Record<ErrorCode, 'sound' | 'doubtful'>>> = {
  BUS_UNREACHABLE: 'sound',
  REPOSITORY_UNREACHABLE: 'sound',
  PROXY_UNREACHABLE: 'sound',
  MODEL_OVERLOADED: 'sound',
  MODEL_UNREACHABLE: 'sound',
  CLAUDE_USAGE_LIMIT: 'sound',
  WORKER_LOST: 'doubtful',
  CLAUDE_CRASHED: 'doubtful',
  CLAUDE_OUT_OF_MEMORY: 'doubtful',
  CLAUDE_SILENT: 'doubtful',
};

/** Codes for which a resumed session, rather than the job, may be to blame: without it the job may well succeed. */
const BLAMES_SESSION: ReadonlySet<ErrorCode> = new Set(['SESSION_NOT_FOUND', 'CLAUDE_BAD_REQUEST']);

/** True when an attempt that resumed a session and ended with this code is worth another one without it. */
export const blamesSession = (code: ErrorCode): boolean => BLAMES_SESSION.has(code);

/**
 * What the next attempt may go on with after one that ended with `code`, or was handed back (no code); undefined when
 * it must start afresh.
 */
export function unfinishedAfter(
  left: Unfinished | undefined,
  code: ErrorCode | undefined,
): Unfinished | undefined {
  if (left?.sessionId === undefined) return undefined;
  const session = code === undefined ? 'sound' : SESSION_AFTER[code];
  if (session === undefined || (session === 'doubtful' && left.isFutile)) return undefined;
  return session === 'sound' ? answered(left) : left;
}

/** Folds one event into what is unfinished. */
export function foldUnfinished(left: Unfinished | undefined, event: JobEvent): Unfinished | undefined {
  switch (event.type) {
    case 'WorkspaceOpened':
      if (event.kept) return left;
      return event.branch === undefined ? undefined : { origin: event.attempt, path: event.path };
    case 'ClaudeStarted':
      return left && { ...answered(left), sessionId: event.sessionId, ...(event.resumed ? FUTILE : {}) };
    case 'ClaudeFinished':
      return left && event.costUsd > 0 ? answered(left) : left;
    case 'AttemptFailed':
    case 'AttemptLost':
    case 'AttemptParked':
      return unfinishedAfter(left, event.code);
    case 'AttemptHandedBack':
      return unfinishedAfter(left, undefined);
    case 'CommitReady': // from here on the commit is what is left to deliver
    case 'JobSucceeded':
    case 'JobFailed':
    case 'JobCancelled':
    case 'JobExpired':
      return undefined;
    default:
      return left;
  }
}

const FUTILE = { isFutile: true } as const;

function answered({ isFutile: _, ...left }: Unfinished): Unfinished {
  return left;
}

/** What Claude is told when it goes on in the session and the worktree of an attempt that was cut short. */
export const goOnPrompt = (task: string): string =>
  [
    'You were interrupted before you were done, and go on now in the same working directory.',
    'What you had written there is still there; commands that were running have been ended.',
    `Look at where things stand, then go on with the task:\n\n${task}`,
  ].join(' ');
