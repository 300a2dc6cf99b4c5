// The one table of everything that can be refused or go wrong: code -> what to say, which HTTP status, and the class
// that says what follows for a job. docs/errors.md is generated from it.
import type { OutcomeClass } from './outcomes.js';

export interface ErrorRow {
  readonly status: number;
  readonly outcome: OutcomeClass;
  /** What happened and what to do about it; used when the thrower has nothing more precise to say. */
  readonly message: string;
}

const row = (status: number, outcome: OutcomeClass, message: string): ErrorRow => ({
  status,
  outcome,
  message,
});

export const ERRORS = {
  // Requests
  INVALID_REQUEST: row(400, 'bad_request', 'The request is not valid; see details for each field.'),
  INVALID_JSON: row(400, 'bad_request', 'The body is not valid JSON.'),
  UNKNOWN_PROFILE: row(400, 'bad_request', 'There is no profile of that name; GET /profiles lists them.'),
  BROKEN_PROFILE: row(
    400,
    'bad_request',
    'The profile cannot be used until its files are mended; `agenticore doctor` names the fault.',
  ),
  REPO_URL_REFUSED: row(
    400,
    'bad_request',
    'This repository address is not allowed; use https:// or ssh:// without credentials in it.',
  ),
  BASE_REF_REFUSED: row(400, 'bad_request', 'base_ref is not a valid branch, tag or commit name.'),
  FILE_PATH_REFUSED: row(
    400,
    'bad_request',
    'file_path lies outside the roots this server allows (AGENTICORE_MCP_FILE_ROOTS).',
  ),
  UNAUTHORIZED: row(401, 'bad_request', 'Invalid or missing API key'),
  INSUFFICIENT_SCOPE: row(403, 'bad_request', 'The key or token lacks the scope for that.'),
  NOT_FOUND: row(404, 'bad_request', 'There is nothing at this address.'),
  JOB_NOT_FOUND: row(
    404,
    'bad_request',
    'There is no job with this id; it may have been removed after its ttl.',
  ),
  WORKER_NOT_FOUND: row(404, 'bad_request', 'No living worker has this name; GET /workers lists them.'),
  MESSAGE_NOT_FOUND: row(404, 'bad_request', 'This message is not kept, or never was.'),
  OUTPUT_NOT_FOUND: row(
    404,
    'bad_request',
    'The job has no final answer: it has not ended, or it ended before Claude gave one.',
  ),
  DIFF_NOT_FOUND: row(
    404,
    'bad_request',
    'The job has no commit to compare: it changed nothing, has no repository, or has not finished.',
  ),
  AGENT_MODEL_NOT_FOUND: row(
    404,
    'bad_request',
    'The agent has no model of this name; GET /v1/models lists them.',
  ),
  METHOD_NOT_ALLOWED: row(405, 'bad_request', 'This method is not allowed here; see the Allow header.'),
  IDEMPOTENCY_MISMATCH: row(
    409,
    'bad_request',
    'This Idempotency-Key was used with another body within the last 24 hours; use a new key.',
  ),
  CONVERSATION_BUSY: row(
    409,
    'bad_request',
    'Another turn of this conversation is running (AGENT_MODE_CONVERSATION_POLICY=reject); wait for its end.',
  ),
  JOB_NOT_ENDED: row(409, 'bad_request', 'The job has not ended yet; cancel it or wait before retrying it.'),
  BODY_TOO_LARGE: row(
    413,
    'bad_request',
    'The body is larger than this server accepts (AGENTICORE_MAX_BODY).',
  ),
  UNSUPPORTED_MEDIA_TYPE: row(415, 'bad_request', 'Send the body as application/json.'),
  QUEUE_FULL: row(429, 'transient', 'Too many jobs are waiting (AGENTICORE_MAX_QUEUED); try again later.'),
  INTERNAL: row(
    500,
    'transient',
    'Something went wrong inside the server; its log has the details under this request id.',
  ),
  AGENT_BUSY: row(
    503,
    'transient',
    'The agent has no place for one more turn (AGENT_MODE_MAX_PROCESSES, AGENT_MODE_MAX_WAITING); nothing was started.',
  ),
  BUS_UNREACHABLE: row(503, 'transient', 'The bus cannot be reached; nothing was accepted. Try again later.'),
  DRAINING: row(
    503,
    'transient',
    'This server is draining and takes no new work; try another one, or later.',
  ),

  // Starting a process
  CONFIG_INVALID: row(500, 'installation', 'The configuration is not valid.'),
  BUS_LOCKED: row(
    503,
    'installation',
    'Another agenticore process uses this file bus; stop it, or set AGENTICORE_HOME, or use Redis (REDIS_URL).',
  ),
  BUS_CORRUPT: row(500, 'installation', 'The bus holds a record that cannot be read.'),
  SERVER_UNREACHABLE: row(
    503,
    'installation',
    'No agenticore server answers at this address; start one with `agenticore serve`.',
  ),

  BROKEN_PACKAGE: row(
    500,
    'installation',
    'The agent package cannot be used until its files are mended; `agenticore agent validate` names each fault.',
  ),

  // The ledger
  STALE_ATTEMPT: row(409, 'final', 'Another attempt, or the end of the job, has overtaken this one.'),
  JOB_ENDED: row(409, 'final', 'The job has ended; nothing more can happen to it.'),
  WORKER_LOST: row(500, 'worker_lost', 'The worker that ran this attempt vanished.'),
  EVIDENCE_LOST: row(
    500,
    'transient',
    'The bus has lost a part of this attempt that it had acknowledged; the attempt is done again.',
  ),
  ATTEMPTS_EXHAUSTED: row(500, 'final', 'The job used up its attempts.'),
  CANCELLED: row(409, 'final', 'The job was cancelled.'),
  QUEUE_EXPIRED: row(504, 'final', 'The job waited longer than its queue_ttl_seconds.'),

  // Claude
  CLAUDE_NOT_FOUND: row(
    500,
    'installation',
    'The claude binary cannot be started; run `agenticore doctor`, or set AGENTICORE_CLAUDE_BINARY.',
  ),
  CLAUDE_AUTH_FAILED: row(
    502,
    'authentication',
    'The model refused the credentials; set a valid ANTHROPIC_API_KEY (or CLAUDE_CODE_OAUTH_TOKEN) for the server.',
  ),
  CLAUDE_USAGE_LIMIT: row(503, 'usage_limit', 'The model account has reached its usage limit.'),
  CLAUDE_BAD_REQUEST: row(502, 'bad_request', 'The model refused the request.'),
  CLAUDE_BILLING: row(
    502,
    'authentication',
    'The model account has no credit left; buy some, or set the key of another account.',
  ),
  MODEL_NOT_FOUND: row(502, 'bad_request', 'The model does not exist, or this account may not use it.'),
  MODEL_OVERLOADED: row(503, 'overloaded', 'The model is overloaded or failing.'),
  MODEL_UNREACHABLE: row(503, 'transient', 'The model cannot be reached.'),
  CLAUDE_TIMEOUT: row(
    504,
    'final',
    "The attempt passed its deadline (the profile's claude.timeout, or timeout_s) and was stopped.",
  ),
  CLAUDE_SILENT: row(
    504,
    'hang',
    'Claude said nothing for too long while no tool was running, and was stopped.',
  ),
  CLAUDE_CRASHED: row(500, 'crashed', 'Claude ended without a result.'),
  CLAUDE_OUT_OF_MEMORY: row(
    500,
    'out_of_memory',
    'Claude was killed by the system, most likely for want of memory.',
  ),
  CLAUDE_ERROR: row(500, 'final', 'Claude ended with an error result.'),
  CLAUDE_MAX_TURNS: row(
    500,
    'final',
    'Claude reached max_turns before it was done; raise it, or make the task smaller.',
  ),
  CLAUDE_MAX_BUDGET: row(
    500,
    'final',
    'Claude reached max_budget_usd before it was done; raise it, or make the task smaller.',
  ),
  SESSION_NOT_FOUND: row(
    400,
    'bad_request',
    'Claude does not know this session here; it lives on the host that ran it, or on a shared root.',
  ),
  SESSION_UNUSABLE: row(
    500,
    'transient',
    'The Claude session of the earlier attempt could not be gone on with; the next attempt starts afresh.',
  ),

  // The workspace
  REPOSITORY_UNREACHABLE: row(502, 'transient', 'The repository cannot be fetched.'),
  REPOSITORY_NOT_FOUND: row(
    404,
    'bad_repository',
    'The repository does not exist, or these credentials may not see it.',
  ),
  REPOSITORY_AUTH_FAILED: row(
    502,
    'authentication',
    'The repository asks for credentials that this server does not have.',
  ),
  BASE_REF_NOT_FOUND: row(404, 'bad_repository', 'base_ref does not exist in the repository.'),
  WORKSPACE_FAILED: row(500, 'transient', 'The workspace could not be prepared.'),
  PUSH_REFUSED: row(502, 'bad_repository', 'The remote refused the push.'),
  PUSH_BLOCKED: row(422, 'final', "The profile's guard found something in the work that may not be pushed."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** The public spelling of a code, as on the wire and in logs. */
export const publicCode = (code: ErrorCode): string => `AGENTICORE_${code}`;

export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

/** Looks at a value from outside: one detail for each problem, none when it fits. */
export type Check = (value: unknown) => readonly ErrorDetail[];

/** The one error class: an expected refusal with a code of the table. Anything else that is thrown is a bug. */
export class AgenticoreError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** Seconds after which the caller may try again, where that is known. */
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    message: string = ERRORS[code].message,
    more: { details?: readonly ErrorDetail[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'AgenticoreError';
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfterS = more.retryAfterS;
  }
}

/** True for a refusal with this code. */
export const isCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof AgenticoreError && error.code === code;

/** What anything that was thrown says of itself. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
