// A turn as its feed tells it: for one that runs elsewhere, and for a reader who comes back. The same renderer as where
// Claude runs.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { isRecord, type JsonRecord } from '../../domain/json-record.js';
import type { FeedEntry } from '../../ports/feed.js';
import { endOfFeed, followFeed } from '../follow-feed.js';
import { getJob } from '../inspect-jobs.js';
import { createOutlet, type TakePiece } from './outlet.js';
import type { TurnDeps } from './turn-deps.js';
import { resultOfJob } from './turn-result.js';
import type { TurnResult } from './turns.js';

export type FollowDeps = Pick<TurnDeps, 'events' | 'feed' | 'transcript' | 'redact' | 'openFlow' | 'policy'>;

/**
 * Gives all visible pieces of a turn from its beginning, then its result. `onStart` is called when its attempt has
 * begun. Throws what the turn failed with, JOB_NOT_FOUND, BUS_UNREACHABLE; CANCELLED when the signal aborts.
 */
export async function followTurn(
  deps: FollowDeps,
  job: Job,
  take: TakePiece,
  signal: AbortSignal,
  onStart: () => void = () => {},
): Promise<TurnResult> {
  const outlet = createOutlet(deps, job.order.turn?.visibility ?? deps.policy.visibility, take);
  let structuredOutput: unknown;
  let stopReason: string | undefined;
  for await (const step of followFeed(deps.feed, { kind: 'job', jobId: job.id }, undefined, signal)) {
    if (step.kind === 'gap')
      throw new AgenticoreError('MESSAGE_NOT_FOUND', 'A part of this turn is not kept any more.');
    if (step.kind === 'live') continue;
    const { entry } = step;
    if (entry.type === 'AttemptStarted') onStart();
    if (endOfFeed(entry) !== undefined) {
      await outlet.finish();
      const ended = await getJob(deps.events, job.id);
      return resultOfJob(ended.job, ended.answer, {
        ...(stopReason ? { stopReason } : {}),
        structuredOutput,
      });
    }
    const message = await messageOf(deps, job.id, entry);
    if (message === undefined) continue;
    if (entry.type === 'result') {
      structuredOutput = message.structured_output;
      stopReason = typeof message.stop_reason === 'string' ? message.stop_reason : undefined;
    }
    await outlet.hear({ type: entry.type, message });
  }
  throw new AgenticoreError('CANCELLED');
}

/** What Claude said; undefined for the facts of the ledger. */
async function messageOf(
  { transcript }: FollowDeps,
  jobId: string,
  { kind, data }: FeedEntry,
): Promise<JsonRecord | undefined> {
  if (kind === 'event') return undefined;
  const entry: unknown = JSON.parse(data);
  if (!isRecord(entry) || kind === 'delta') return isRecord(entry) ? entry : undefined;
  if (isRecord(entry.message)) return entry.message;
  const whole = await transcript.whole(jobId, Number(entry.attempt), Number(entry.seq));
  const kept: unknown = whole === undefined ? undefined : JSON.parse(whole);
  return isRecord(kept) && isRecord(kept.message) ? kept.message : undefined;
}
