// The rows of the table of errors for what goes wrong with a job.
import { type ErrorRow, row } from './error-row.js';

export const FAILURES = {
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
    'Claude was killed by the system, most likely for want of memory; give the worker more, or fewer jobs at once.',
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

  // What a profile runs
  SETUP_FAILED: row(500, 'installation', 'A setup command of the profile failed; Claude was not started.'),
  VERIFY_FAILED: row(500, 'verify_failed', 'The work does not pass the verification of the profile.'),

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
  DISK_FULL: row(
    503,
    'transient',
    'The disk of the worker is full. Make room there, or bound (AGENTICORE_REPO_CACHE_MAX) or move (AGENTICORE_REPOS_ROOT) the cached repositories.',
  ),
  WORKSPACE_FAILED: row(500, 'transient', 'The workspace could not be prepared.'),
  WORK_NOT_FOUND: row(404, 'bad_repository', 'The commit of the earlier job is gone; submit its task again.'),
  PUSH_REFUSED: row(502, 'bad_repository', 'The remote refused the push.'),
  PUSH_BLOCKED: row(422, 'final', "The profile's guard found something in the work that may not be pushed."),
  CODE_HOST_AUTH_FAILED: row(502, 'authentication', 'The code host does not accept our credentials.'),
  CODE_HOST_UNREACHABLE: row(502, 'transient', 'The code host cannot be reached.'),
  CODE_HOST_LIMITED: row(503, 'transient', 'The code host limits our requests; retry the job later.'),
  CODE_HOST_REFUSED: row(502, 'bad_repository', 'The code host refused the pull request.'),

  // The way to the code host
  PROXY_UNREACHABLE: row(502, 'transient', 'The proxy does not answer, or does not reach the code host now.'),
  PROXY_AUTH_FAILED: row(
    502,
    'authentication',
    'The proxy asks for other credentials than those in its address; correct HTTPS_PROXY.',
  ),
  PROXY_REFUSED: row(
    502,
    'installation',
    'The proxy does not let us through to the code host; allow it there, or name the host in NO_PROXY.',
  ),
  CERTIFICATE_UNTRUSTED: row(
    502,
    'installation',
    'The certificate of the code host, or of the proxy, is not trusted; set SSL_CERT_FILE to a bundle that has its authority in it.',
  ),
} as const satisfies Record<string, ErrorRow>;
