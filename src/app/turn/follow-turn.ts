// A turn as its feed tells it: for one that runs elsewhere, and for a reader who comes back. The same renderer as where
// Claude runs.
import { AgenticoreError } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import { isRecord } from '../../domain/json-record.js';
import type { FeedEntry } from '../../ports/feed.js';
import type { TurnEnd } from '../../ports/turn-agent.js';
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
  let result: Pick<TurnEnd, 'stopReason' | 'structuredOutput'> = {};
  for await (const step of followFeed(deps.feed, { kind: 'job', jobId: job.id }, undefined, signal)) {
    if (step.kind === 'gap')
      throw new AgenticoreError('MESSAGE_NOT_FOUND', 'A part of this turn is not kept any more.');
    if (step.kind === 'live') continue;
    const { entry } = step;
    if (entry.type === 'AttemptStarted') onStart();
    if (endOfFeed(entry) !== undefined) {
      await outlet.finish();
      const ended = await getJob(deps.events, job.id);
      return resultOfJob(ended.job, ended.answer, result);
    }
    if (entry.kind === 'event') continue;
    const whole = entry.kind === 'message' ? await wholeOf(deps, job.id, entry) : entry;
    if (entry.type === 'result') result = resultIn(whole);
    await outlet.read(whole);
  }
  throw new AgenticoreError('CANCELLED');
}

/** A message of which the feed has only a preview, as it was said. */
async function wholeOf({ transcript }: FollowDeps, jobId: string, entry: FeedEntry): Promise<FeedEntry> {
  const { attempt, seq, preview }: Readonly<Record<string, unknown>> = JSON.parse(entry.data);
  if (preview === undefined) return entry;
  const data = await transcript.whole(jobId, Number(attempt), Number(seq));
  return data === undefined ? entry : { ...entry, data };
}

/** What Claude's result says besides its text. */
function resultIn({ data }: FeedEntry): Pick<TurnEnd, 'stopReason' | 'structuredOutput'> {
  const { message }: Readonly<Record<string, unknown>> = JSON.parse(data);
  if (!isRecord(message)) return {};
  const { stop_reason: stopReason, structured_output: structuredOutput } = message;
  return {
    ...(typeof stopReason === 'string' ? { stopReason } : {}),
    ...(structuredOutput === undefined ? {} : { structuredOutput }),
  };
}
