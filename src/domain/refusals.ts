// The rows of the table of errors for what is told to whoever asks, or starts a process.
import { type ErrorRow, row } from './error-row.js';

export const REFUSALS = {
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
  CALLBACK_URL_REFUSED: row(400, 'bad_request', 'callback_url must be an http(s) address of a public host.'),
  UNAUTHORIZED: row(401, 'bad_request', 'Invalid or missing API key'),
  INSUFFICIENT_SCOPE: row(403, 'bad_request', 'The key or token lacks the scope for that.'),
  ORIGIN_REFUSED: row(403, 'bad_request', 'This web page may not call here; see AGENTICORE_CORS_ORIGINS.'),
  HOST_REFUSED: row(
    403,
    'bad_request',
    'Without API keys this server does not answer to this name; see AGENTICORE_ALLOWED_HOSTS.',
  ),
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
  CALLBACK_NOT_FOUND: row(404, 'bad_request', 'The job was given no callback_url.'),
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
  RATE_LIMITED: row(
    429,
    'transient',
    'This caller has made too many requests (AGENTICORE_RATE_LIMIT); try again later.',
  ),
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
  MCP_BUSY: row(503, 'transient', 'This server serves as many MCP clients as it can; try again later.'),
  BUS_UNREACHABLE: row(
    503,
    'transient',
    'The bus cannot be reached, or its disk or memory is full; nothing was accepted. Try again later.',
  ),
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
  BUS_CORRUPT: row(
    500,
    'installation',
    'The bus holds a record that cannot be read; `agenticore admin rebuild --dry-run` names each such job.',
  ),
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
} as const satisfies Record<string, ErrorRow>;
