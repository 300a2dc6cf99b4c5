// Single completions: turns under names that their callers give. A name and its caller make the id of the job, so that
// the ledger itself knows which names are taken.
import type { Caller } from '../../domain/chat.js';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import type { Hash } from '../../domain/evidence.js';
import { isTerminal, type Job } from '../../domain/job.js';
import { isRecord } from '../../domain/json-record.js';
import type { StoredJob } from '../../ports/event-log.js';
import { followFeed } from '../follow-feed.js';
import { waitForEnd } from '../inspect-jobs.js';
import { admitTurn, nothingAsked, queueTurn } from './admit-turn.js';
import type {
  Completion,
  CompletionRequest,
  CompletionStatus,
  Completions,
  CompletionToolUse,
} from './completions.js';
import type { TurnName } from './submit-turn.js';
import type { TurnDeps } from './turn-deps.js';
import type { WaitingRoom } from './waiting-room.js';

/** How many jobs are looked through for a list. */
const MOST_LOOKED_AT = 2_000;
const PAGE = 200;

/** The completions of this process. */
export function openCompletions(deps: TurnDeps, room: WaitingRoom): Completions {
  const nameOf = ({ uuid, turn, meta }: CompletionRequest): TurnName => ({
    jobId: jobIdOf(deps.hash, deps.packages.current().name, turn.caller, uuid),
    uuid,
    ...(meta === undefined ? {} : { meta: JSON.stringify(meta) }),
  });

  async function begin(request: CompletionRequest, wait: boolean): Promise<void> {
    if (!wait) return queueTurn(deps, room, request.turn, nameOf(request));
    const opened = await admitTurn(deps, room, request.turn, nameOf(request), new AbortController().signal);
    if (opened.kind === 'configured') throw nothingAsked();
    // Whoever stops waiting finds it later: it goes on without them. How it ended is in the ledger.
    const nobody = new AbortController().signal;
    opened.turn.run(() => {}, nobody).catch(() => {});
  }

  return {
    async complete(request, wait, signal) {
      const { jobId } = nameOf(request);
      if ((await deps.events.load(jobId)) === undefined)
        await begin(request, wait).catch((error: unknown) => {
          if (!isCode(error, 'IDEMPOTENCY_MISMATCH')) throw error; // the same name a moment ago
        });
      if (wait) await waitForEnd(deps, jobId, signal);
      const completion = await read(deps, jobId);
      if (completion === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
      return completion;
    },
    find: (uuid, caller) => read(deps, jobIdOf(deps.hash, deps.packages.current().name, caller, uuid)),
    list: (query) => list(deps, query),
  };
}

/** A UUID made of what names the completion. */
function jobIdOf(hash: Hash, agent: string, { name, user }: Caller, uuid: string): string {
  const hex = hash(JSON.stringify(['completion', agent, name, user ?? null, uuid]));
  const part = (from: number, length: number): string => hex.slice(from, from + length);
  // Of version 8: made by a rule of one's own.
  return `${part(0, 8)}-${part(8, 4)}-8${part(13, 3)}-8${part(17, 3)}-${part(20, 12)}`;
}

async function read(deps: TurnDeps, jobId: string): Promise<Completion | undefined> {
  const stored = await deps.events.load(jobId);
  if (stored === undefined) return undefined;
  return completionOf(deps, stored, await toolUsesOf(deps, stored.job));
}

async function list(
  deps: TurnDeps,
  { caller, status, limit }: Parameters<Completions['list']>[0],
): Promise<readonly Completion[]> {
  const found: Completion[] = [];
  let before: string | undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT && found.length < limit; looked += PAGE) {
    const page = await deps.events.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const job of page.jobs) {
      const { turn } = job.order;
      if (turn?.uuid === undefined || turn.caller !== caller.name) continue;
      if (status !== undefined && statusOf(job) !== status) continue;
      if (found.length < limit) found.push(await completionOf(deps, { job, head: '' }, []));
    }
    before = page.next;
    if (before === undefined) break;
  }
  return found;
}

async function completionOf(
  { events }: TurnDeps,
  { job }: StoredJob,
  toolUses: readonly CompletionToolUse[],
): Promise<Completion> {
  const { startedAt, endedAt, sessionId, usage, order } = job;
  const result = job.answer === undefined ? undefined : await events.answer(job.id);
  const meta: unknown = JSON.parse(order.metadata?.meta ?? 'null');
  const isOver = isTerminal(job.status);
  const error = isOver && job.status !== 'succeeded' ? failureOf(job) : undefined;
  return {
    uuid: order.turn?.uuid ?? job.id,
    jobId: job.id,
    status: statusOf(job),
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

function statusOf({ status }: Job): CompletionStatus {
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
async function toolUsesOf({ feed }: TurnDeps, job: Job): Promise<readonly CompletionToolUse[]> {
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
