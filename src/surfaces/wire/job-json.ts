// A job as callers see it: schemas/job.schema.json. Absent facts are absent fields.
import { publicCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';

/** Epoch milliseconds as ISO 8601 in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

const optionalTime = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : isoTime(ms);

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
    version: job.version,
  };
}
