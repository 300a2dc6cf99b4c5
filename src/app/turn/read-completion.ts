// A completion as its turn's ledger and feed tell it, whoever asks: the counter, or whoever tells its end.
import { AgenticoreError } from '../../domain/errors.js';
import { isTerminal, type Job } from '../../domain/job.js';
import { isRecord } from '../../domain/json-record.js';
import type { EventLog } from '../../ports/event-log.js';
import type { Feed } from '../../ports/feed.js';
import { followFeed } from '../follow-feed.js';
import type { Completion, CompletionStatus, CompletionToolUse } from './completions.js';

export interface ReadDeps {
  readonly events: EventLog;
  readonly feed: Feed;
}

/** With the tools that were called; undefined when there is none. */
export async function readCompletion(deps: ReadDeps, jobId: string): Promise<Completion | undefined> {
  const job = (await deps.events.load(jobId))?.job;
  return job && completionOf(deps, job, await toolUsesOf(deps, job));
}

/** The completion of a turn; without its tool uses where nobody gives them. */
export async function completionOf(
  { events }: Pick<ReadDeps, 'events'>,
  job: Job,
  toolUses: readonly CompletionToolUse[] = [],
): Promise<Completion> {
  const { startedAt, endedAt, sessionId, usage, order } = job;
  const result = job.answer === undefined ? undefined : await events.answer(job.id);
  const meta: unknown = JSON.parse(order.metadata?.meta ?? 'null');
  const isOver = isTerminal(job.status);
  const error = isOver && job.status !== 'succeeded' ? failureOf(job) : undefined;
  return {
    uuid: order.turn?.uuid ?? job.id,
    jobId: job.id,
    status: completionStatus(job),
    message: order.task,
    createdAt: job.createdAt,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(isOver ? { costUsd: job.costUsd, numTurns: job.numTurns } : {}),
    ...(startedAt !== undefined && endedAt !== undefined ? { durationMs: endedAt - startedAt } : {}),
    ...(usage === undefined ? {} : { usage }),
    toolUses,
    ...(isRecord(meta) ? { meta } : {}),
  };
}

const failureOf = ({ code = 'CANCELLED', error }: Job): NonNullable<Completion['error']> => ({
  code,
  message: error ?? new AgenticoreError(code).message,
});

export function completionStatus({ status }: Job): CompletionStatus {
  switch (status) {
    case 'queued':
    case 'running':
    case 'cancelled':
      return status;
    case 'succeeded':
      return 'completed';
    case 'failed':
    case 'expired':
      return 'failed';
    default:
      return status satisfies never;
  }
}

/** The tools that were called in a turn that has ended, in order. */
async function toolUsesOf({ feed }: ReadDeps, job: Job): Promise<readonly CompletionToolUse[]> {
  if (!isTerminal(job.status)) return [];
  const uses: CompletionToolUse[] = [];
  const never = new AbortController().signal;
  for await (const step of followFeed(feed, { kind: 'job', jobId: job.id }, undefined, never)) {
    if (step.kind === 'live') break; // its end was trimmed with it
    if (step.kind !== 'entry' || step.entry.type !== 'assistant') continue;
    const { message }: Readonly<Record<string, unknown>> = JSON.parse(step.entry.data);
    const said = isRecord(message) && isRecord(message.message) ? message.message.content : [];
    for (const block of Array.isArray(said) ? said.filter(isRecord) : [])
      if (block.type === 'tool_use')
        uses.push({ id: String(block.id), name: String(block.name), input: JSON.stringify(block.input) });
  }
  return uses;
}
