// A job as the server tells it (spec of GET /jobs/{id}), read defensively: the server may be older or newer.
import { type JsonObject, numberAt, objectAt, textAt } from './json-fields.js';

export interface JobView {
  readonly id: string;
  readonly status: string;
  readonly task: string;
  readonly profile: string | undefined;
  readonly repoUrl: string | undefined;
  readonly baseRef: string | undefined;
  readonly branch: string | undefined;
  readonly commit: string | undefined;
  readonly prUrl: string | undefined;
  readonly prError: string | undefined;
  readonly output: string | undefined;
  readonly error: string | undefined;
  readonly code: string | undefined;
  readonly createdAt: string | undefined;
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly nextAttemptAt: string | undefined;
  readonly costUsd: number | undefined;
  readonly numTurns: number | undefined;
  readonly attempt: number | undefined;
  readonly maxAttempts: number | undefined;
  readonly sessionId: string | undefined;
  readonly worktreePath: string | undefined;
  readonly retryOf: string | undefined;
  readonly metadata: JsonObject | undefined;
  readonly cancelRequested: boolean;
  /** Everything, as it came. */
  readonly raw: JsonObject;
}

/** Undefined when the object is no job. */
export function readJob(raw: JsonObject | undefined): JobView | undefined {
  const id = textAt(raw, 'id');
  const status = textAt(raw, 'status');
  if (raw === undefined || !isWord(id) || !isWord(status)) return undefined;
  return {
    id,
    status,
    task: textAt(raw, 'task') ?? '',
    profile: textAt(raw, 'profile'),
    repoUrl: textAt(raw, 'repo_url'),
    baseRef: textAt(raw, 'base_ref'),
    branch: textAt(raw, 'branch'),
    commit: textAt(raw, 'commit'),
    prUrl: textAt(raw, 'pr_url'),
    prError: textAt(raw, 'pr_error'),
    output: textAt(raw, 'output'),
    error: textAt(raw, 'error'),
    code: textAt(raw, 'code'),
    createdAt: textAt(raw, 'created_at'),
    startedAt: textAt(raw, 'started_at'),
    endedAt: textAt(raw, 'ended_at'),
    nextAttemptAt: textAt(raw, 'next_attempt_at'),
    costUsd: numberAt(raw, 'cost_usd'),
    numTurns: numberAt(raw, 'num_turns'),
    attempt: numberAt(raw, 'attempt'),
    maxAttempts: numberAt(raw, 'max_attempts'),
    sessionId: textAt(raw, 'session_id'),
    worktreePath: textAt(raw, 'worktree_path'),
    retryOf: textAt(raw, 'retry_of'),
    metadata: objectAt(raw, 'metadata'),
    cancelRequested: raw.cancel_requested === true,
    raw,
  };
}

/** Ids and statuses are printed as they are. */
const isWord = (text: string | undefined): text is string =>
  text !== undefined && /^[\w-]{1,100}$/.test(text);
