// A job as callers see it: schemas/job.schema.json. Absent facts are absent fields.
import { type Callback, callbackStatus } from '../../domain/callback.js';
import { publicCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { Verification } from '../../domain/verification.js';

/** Epoch milliseconds as ISO 8601 in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

const optionalTime = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : isoTime(ms);

const verificationJson = ({ passed, round, commands }: Verification): Record<string, unknown> => ({
  passed,
  round,
  commands: commands.map(({ command, exitCode, durationMs }) => ({
    command,
    exit_code: exitCode,
    duration_ms: durationMs,
  })),
});

/** The job, with the text of its final answer where the caller has it (lists do not). */
export function jobJson(job: Job, output?: string): Record<string, unknown> {
  const { order, workspace } = job;
  return {
    id: job.id,
    kind: job.kind,
    repo_url: order.repoUrl,
    base_ref: order.baseRef ?? workspace?.baseRef,
    task: order.task,
    profile: order.profile,
    status: job.status,
    cancel_requested: job.cancelRequested || undefined,
    mode: order.mode,
    exit_code: job.exitCode,
    session_id: job.sessionId ?? order.sessionId,
    resumed: job.resumed,
    branch: job.branch,
    verification: job.verification && verificationJson(job.verification),
    commit: job.commit,
    pr_url: job.prUrl,
    pr_error: job.prError,
    output,
    error: job.error,
    code: job.code && publicCode(job.code),
    findings: job.findings,
    created_at: isoTime(job.createdAt),
    started_at: optionalTime(job.startedAt),
    ended_at: optionalTime(job.endedAt),
    ttl_seconds: order.ttlS,
    attempt: job.attempt,
    attempts_used: job.attemptsUsed,
    max_attempts: order.maxAttempts,
    next_attempt_at: optionalTime(job.nextAttemptAt),
    pid: job.pid,
    pod_name: job.host,
    worktree_path: workspace?.path,
    job_config_dir: workspace?.configDir,
    cost_usd: job.costUsd,
    num_turns: job.numTurns,
    usage: job.usage,
    trace_id: order.traceparent?.split('-')[1],
    retry_of: order.retryOf,
    metadata: order.metadata,
    callback: order.callbackUrl && callbackJson(order.callbackUrl, job.callback),
    version: job.version,
  };
}

/** An address may be a secret in itself: others than its caller are told its host only. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '');

/** Before the end of the job there is nothing to tell. */
function callbackJson(url: string, callback: Callback | undefined): Record<string, unknown> {
  const host = hostOf(url);
  if (callback === undefined) return { host, status: 'pending', attempts: 0 };
  return {
    host,
    status: callbackStatus(callback),
    attempts: callback.attempts,
    next_attempt_at: optionalTime(callback.dueAt),
    delivered_at: optionalTime(callback.deliveredAt),
    last_error: callback.error,
  };
}
