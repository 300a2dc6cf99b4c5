// The body and headers of POST /jobs, once their form is checked, as the use case takes them.
import type { Request } from 'express';
import type { JobRequest, SubmitContext } from '../../app/submit-job.js';
import { present } from '../../domain/json-record.js';
import { idempotencyKeyOf } from '../http/idempotency-key.js';
import { invalid } from '../http/limits.js';

/** What schemas/job-request.schema.json lets through. */
export interface JobRequestBody {
  readonly task: string;
  readonly repo_url?: string;
  readonly profile?: string;
  readonly base_ref?: string;
  readonly wait?: boolean;
  readonly wait_seconds?: number;
  readonly session_id?: string;
  readonly timeout_s?: number;
  readonly max_budget_usd?: number;
  readonly model?: string;
  readonly max_turns?: number;
  readonly queue_ttl_seconds?: number;
  readonly ttl_seconds?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly callback_url?: string;
  readonly file_path?: string;
}

/** Throws INVALID_REQUEST for what the schema cannot say. */
export function toJobRequest(body: JobRequestBody): JobRequest {
  if (body.wait_seconds !== undefined && body.wait !== true)
    throw invalid('wait_seconds', 'needs "wait": true');
  return present({
    task: body.task,
    repoUrl: filled(body.repo_url),
    profile: filled(body.profile),
    baseRef: filled(body.base_ref),
    wait: body.wait,
    sessionId: filled(body.session_id)?.toLowerCase(),
    timeoutS: body.timeout_s,
    maxBudgetUsd: body.max_budget_usd,
    model: body.model,
    maxTurns: body.max_turns,
    queueTtlS: body.queue_ttl_seconds,
    ttlS: body.ttl_seconds,
    metadata: body.metadata,
    filePath: filled(body.file_path),
    callbackUrl: filled(body.callback_url),
  });
}

/** Clients of the predecessor send an empty text for "none". */
const filled = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Idempotency-Key, scoped by who calls, and the caller's trace. Throws INVALID_REQUEST on a malformed key. */
export function submitContext(req: Request, caller: string): SubmitContext {
  const key = idempotencyKeyOf(req, caller);
  return {
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...traceOf(req.get('traceparent')),
  };
}

/** The trace that a caller works in. As W3C Trace Context asks, one that is malformed is ignored. */
export const traceOf = (traceparent: string | undefined): Pick<SubmitContext, 'traceparent'> =>
  traceparent !== undefined && TRACEPARENT.test(traceparent) ? { traceparent } : {};
