// `agenticore job`: everything about one job that a person wants to know.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { findJobId } from '../server/find-job.js';
import type { JobView } from '../server/job-view.js';
import { createJobsApi } from '../server/jobs-api.js';
import { countOf, formatAge, formatCost, formatDuration, timeOf } from '../terminal/amounts.js';
import { oneLine, printable } from '../terminal/printable.js';
import type { Terminal } from '../terminal/terminal.js';
import { paintStatus } from './paint-status.js';

interface JobFlags extends AddressFlags {
  readonly id: string;
  readonly json?: boolean | undefined;
}

export async function job(cli: CliContext, flags: JobFlags): Promise<number> {
  const api = createJobsApi(await cli.address(flags));
  const found = await api.get(await findJobId(api, flags.id));
  if (flags.json) cli.terminal.print(JSON.stringify(found.raw, null, 2));
  else for (const line of jobLines(found, cli.terminal, Date.now())) cli.terminal.print(line);
  return 0;
}

/** Everything about a job, with ages as of `now` (epoch milliseconds). */
export function jobLines(job: JobView, { colours }: Terminal, now: number): readonly string[] {
  const row = (name: string, value: string | undefined): readonly string[] =>
    value === undefined || value === '' ? [] : [`${colours.dim(name.padEnd(13))} ${value}`];
  const plain = (name: string, value: string | undefined): readonly string[] =>
    row(name, value === undefined ? undefined : oneLine(value));
  const block = (title: string, text: string | undefined): readonly string[] =>
    text === undefined || text === ''
      ? []
      : ['', colours.bold(title), ...printable(text).trimEnd().split('\n')];
  return [
    ...row('job', job.id),
    ...row('status', paintStatus(colours, job.status) + (isStopping(job) ? ' (cancel requested)' : '')),
    ...plain('repository', job.repoUrl),
    ...plain('base', job.baseRef),
    ...plain('profile', job.profile),
    ...plain('created', whenAndAgo(job.createdAt, now)),
    ...plain('started', whenAndAgo(job.startedAt, now)),
    ...plain('ended', whenAndAgo(job.endedAt, now)),
    ...plain('duration', durationOf(job)),
    ...plain('next attempt', job.nextAttemptAt),
    ...plain('attempt', job.attempt ? `${job.attempt}, of ${job.maxAttempts ?? '?'} at most` : undefined),
    ...plain('turns', job.numTurns ? countOf(job.numTurns, 'turn') : undefined),
    ...plain('cost', job.costUsd ? formatCost(job.costUsd) : undefined),
    ...plain('branch', job.branch),
    ...plain('commit', job.commit),
    ...plain('pull request', job.prUrl),
    ...plain('session', job.sessionId),
    ...plain('retry of', job.retryOf),
    ...Object.entries(job.metadata ?? {}).flatMap(([key, value]) =>
      plain(`  ${oneLine(key)}`, String(value)),
    ),
    ...block('Task', job.task),
    ...block('Answer', job.output),
    ...block('Pull request failed', job.prError),
    ...block(
      'Error',
      job.error === undefined ? undefined : `${job.error}${job.code === undefined ? '' : ` (${job.code})`}`,
    ),
  ];
}

const isStopping = (job: JobView): boolean => job.cancelRequested && job.endedAt === undefined;

function whenAndAgo(iso: string | undefined, now: number): string | undefined {
  const at = timeOf(iso);
  return at === undefined ? iso : `${iso}, ${formatAge(now - at)} ago`;
}

function durationOf(job: JobView): string | undefined {
  const started = timeOf(job.startedAt);
  const ended = timeOf(job.endedAt);
  return started === undefined || ended === undefined ? undefined : formatDuration(ended - started);
}
