// The reading room over SSE: replay from Last-Event-ID, then live, one cursor, then `end`.
import type { Request, Response, Router } from 'express';
import { endOfFeed, type Followed, followFeed } from '../../app/follow-feed.js';
import { getJob } from '../../app/inspect-jobs.js';
import { isCursor } from '../../domain/cursor.js';
import { messageOf } from '../../domain/errors.js';
import { isTerminal, type JobStatus } from '../../domain/job.js';
import type { FeedEntry, FeedName } from '../../ports/feed.js';
import { withAnySignal } from '../http/any-signal.js';
import { callOf } from '../http/call.js';
import type { HttpDeps } from '../http/http-deps.js';
import { invalid, jobIdOf, queryChoice, queryText } from '../http/limits.js';
import { route } from '../http/route.js';
import { createEventStream, type EventStream, frameBytes } from '../http/sse.js';
import { END, endFrame, entryFrame, gapFrame } from '../wire/feed-frame.js';

const START = '0-0';
/** By so much the clock of the bus may be ahead of ours. */
const AHEAD_MS = 86_400_000;

type Filter = 'domain' | 'transcript' | 'all';

interface Reading {
  readonly name: FeedName;
  readonly after: string | undefined;
  readonly filter: Filter;
  /** Set when the job had ended as the reader came: its end is in the feed already, or before the reader's place. */
  ended: JobStatus | undefined;
}

/** GET /jobs/{id}/events and GET /events. */
export function addFeedRoutes(router: Router, deps: HttpDeps): void {
  route(router, '/jobs/:id/events', {
    async GET(req, res) {
      const jobId = jobIdOf(req);
      const filter = queryChoice(req, 'events', ['domain', 'transcript', 'all']) ?? 'all';
      const { after, ended } = placeOf(req, 'job', deps.submit.clock.now());
      const status = await endedStatus(deps, jobId);
      if (ended) {
        res.writeHead(204).end();
        return;
      }
      await stream(deps, res, { name: { kind: 'job', jobId }, after, filter, ended: status });
    },
  });
  route(router, '/events', {
    async GET(req, res) {
      const { after } = placeOf(req, 'fleet', deps.submit.clock.now());
      await stream(deps, res, { name: { kind: 'fleet' }, after, filter: 'all', ended: undefined });
    },
  });
}

/** Where the reader stands. A header is newer than the address, which a browser repeats on every reconnect. */
function placeOf(
  req: Request,
  kind: FeedName['kind'],
  now: number,
): { readonly after: string | undefined; readonly ended: boolean } {
  const text = req.get('last-event-id') || queryText(req, 'last_event_id');
  if (text === undefined) return { after: undefined, ended: false };
  const ended = kind === 'job' && text.endsWith(END);
  const after = ended ? text.slice(0, -END.length) : text;
  // A reader who stands in the future would wait for ever, and never see the end.
  if (!isCursor(after) || Number(after.split('-')[0]) > now + AHEAD_MS)
    throw invalid(
      'Last-Event-ID',
      'is not an id that this server gave; leave it out to start from the beginning',
    );
  return { after, ended };
}

async function stream(deps: HttpDeps, res: Response, reading: Reading): Promise<void> {
  const events = createEventStream(res, deps);
  try {
    await withAnySignal([events.gone, deps.closing], (signal) => pour(deps, events, reading, signal));
  } catch (error) {
    if (!res.headersSent) throw error;
    // The reader comes back with its cursor; an end without `end` says that this was not all.
    deps.log('feed.interrupted', { request_id: callOf(res).requestId, error: messageOf(error) }, 'warn');
  }
  events.end();
}

async function pour(
  deps: HttpDeps,
  events: EventStream,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const follow = followFeed(deps.bus.feed, reading.name, reading.after, signal);
  try {
    // The first step is taken before the headers, so that a bus that is away is still answered with 503.
    let step = await follow.next();
    events.open();
    while (!step.done && (await pass(deps, events, reading, step.value))) step = await follow.next();
  } finally {
    await follow.return(undefined);
  }
}

/** Sends what belongs to one step; false when nothing may follow. */
async function pass(deps: HttpDeps, events: EventStream, reading: Reading, step: Followed): Promise<boolean> {
  const { name, filter, ended } = reading;
  switch (step.kind) {
    case 'gap':
      // The end itself may be what is missing.
      if (name.kind === 'job') reading.ended = await endedStatus(deps, name.jobId);
      return events.send(frameBytes(gapFrame(step.after, step.next)));
    case 'live':
      if (name.kind === 'fleet' || ended === undefined) return true;
      await events.send(frameBytes(endFrame(step.after ?? START, name.jobId, ended)));
      return false;
    case 'entry': {
      const { entry } = step;
      if (isWanted(entry, filter) && !(await events.send(renderedOnce(entry, name, deps)))) return false;
      const status = endOfFeed(entry);
      if (name.kind === 'fleet' || status === undefined) return true;
      await events.send(frameBytes(endFrame(entry.cursor, name.jobId, status)));
      return false;
    }
    default:
      return step satisfies never;
  }
}

/** Undefined while the job has not ended. */
async function endedStatus({ bus }: HttpDeps, jobId: string): Promise<JobStatus | undefined> {
  const { status } = (await getJob(bus.events, jobId)).job;
  return isTerminal(status) ? status : undefined;
}

/** Frames of entries that readers share: a slow thousand of them holds the same bytes, and they are made once. */
const rendered = new WeakMap<FeedEntry, Buffer>();

function renderedOnce(entry: FeedEntry, name: FeedName, { submit }: HttpDeps): Buffer {
  const earlier = rendered.get(entry);
  if (earlier) return earlier;
  const frame = frameBytes(entryFrame(entry, name, submit.hash));
  rendered.set(entry, frame);
  return frame;
}

const isWanted = (entry: FeedEntry, filter: Filter): boolean =>
  filter === 'all' || (filter === 'domain') === (entry.kind === 'event');
