// `agenticore admin replay <job>`: what happened in a job once more, as it was recorded, or how it stood at a version.

import { assertReached, jobAt } from '../../../../app/admin/job-at.js';
import { type Replayed, replayFeed } from '../../../../app/admin/replay-feed.js';
import { endOfFeed } from '../../../../app/follow-feed.js';
import { AgenticoreError } from '../../../../domain/errors.js';
import type { Hash } from '../../../../domain/evidence.js';
import { isTerminal, type Job } from '../../../../domain/job.js';
import type { FeedName } from '../../../../ports/feed.js';
import { endFrame, entryFrame, type Frame, frameText, gapFrame } from '../../../wire/feed-frame.js';
import { jobJson } from '../../../wire/job-json.js';
import type { CliContext, Desk } from '../../cli-context.js';
import { painterFor } from '../../follow/painter-for.js';
import { createStory } from '../../follow/story.js';
import { findJobId } from '../../server/find-job.js';
import { readJob } from '../../server/job-view.js';
import { asObject } from '../../server/json-fields.js';
import type { Terminal } from '../../terminal/terminal.js';
import { jobLines } from '../job.js';
import { printJson } from './print-table.js';

export interface ReplayFlags {
  readonly job: string;
  readonly speed?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly as: 'text' | 'json' | 'sse';
}

const INTERRUPTED = 130;

export function replay(cli: CliContext, flags: ReplayFlags): Promise<number> {
  const speed = speedOf(flags.speed ?? '1');
  const from = versionOf('--from', flags.from);
  const to = versionOf('--to', flags.to);
  if (from !== undefined && to !== undefined && from > to)
    throw new AgenticoreError('INVALID_REQUEST', `--from ${from} lies behind --to ${to}.`);
  return cli.atDesk({ access: 'read' }, async (desk) => {
    const { events } = desk.bus;
    const jobId = await findJobId(events, flags.job);
    const known = await jobAt(events, jobId, to);
    if (to === undefined && from !== undefined) assertReached(known.version, from);
    if (to === undefined || from !== undefined) {
      const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const options = { ...range, ...(speed === undefined ? {} : { speed }) };
      const feed = (signal: AbortSignal): AsyncGenerator<Replayed> =>
        replayFeed({ feed: desk.bus.feed, clock: desk.clock }, { kind: 'job', jobId }, options, signal);
      if (!(await untilInterrupted(cli, (signal) => show(cli.terminal, desk, jobId, feed(signal), flags.as))))
        return INTERRUPTED;
    }
    if (to !== undefined) showJob(cli.terminal, known, flags.as);
    return 0;
  });
}

/** How many times as fast as it was; undefined for as fast as possible. Throws INVALID_REQUEST. */
export function speedOf(text: string): number | undefined {
  if (text === 'max') return undefined;
  const speed = Number(text);
  if (Number.isFinite(speed) && speed > 0) return speed;
  throw new AgenticoreError('INVALID_REQUEST', '--speed must be max, or a number above 0 (1 is as it was).');
}

function versionOf(option: string, version: number | undefined): number | undefined {
  if (version === undefined || (Number.isInteger(version) && version >= 1)) return version;
  throw new AgenticoreError(
    'INVALID_REQUEST',
    `${option} must be a whole number from 1: a version of the ledger.`,
  );
}

/** False when the person left before the end. */
export async function untilInterrupted(
  cli: CliContext,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const left = new AbortController();
  const forget = cli.onInterrupt(() => left.abort());
  try {
    await work(left.signal);
  } finally {
    forget();
  }
  return !left.signal.aborted;
}

async function show(
  terminal: Terminal,
  { hash }: Desk,
  jobId: string,
  replayed: AsyncIterable<Replayed>,
  as: ReplayFlags['as'],
): Promise<void> {
  const write = as === 'sse' ? sseWriter(terminal) : painted(terminal, as === 'json');
  try {
    for await (const step of framesOf(replayed, { kind: 'job', jobId }, hash)) write.frame(step);
  } finally {
    write.close();
  }
}

/** The frames that a reader of the feed over HTTP would have got. */
export async function* framesOf(
  replayed: AsyncIterable<Replayed>,
  name: FeedName,
  hash: Hash,
): AsyncGenerator<Frame> {
  let cursor: string | undefined;
  for await (const step of replayed) {
    if (step.kind === 'gap') yield gapFrame(cursor);
    else {
      cursor = step.entry.cursor;
      yield entryFrame(step.entry, name, hash);
      const status = endOfFeed(step.entry);
      if (name.kind === 'job' && status !== undefined) yield endFrame(cursor, name.jobId, status);
    }
  }
}

export interface FrameWriter {
  frame(frame: Frame): void;
  close(): void;
}

export const sseWriter = (terminal: Terminal): FrameWriter => ({
  frame: (frame) => void terminal.out.write(frameText(frame)),
  close: () => {},
});

function painted(terminal: Terminal, json: boolean): FrameWriter {
  // Times run as they ran then: what a status line counts up to is the entry shown last.
  let recorded = Date.now();
  const painter = painterFor(terminal, json, () => recorded);
  const story = createStory();
  return {
    frame({ id, event, data }) {
      if (id !== undefined) recorded = Number(id.split('-')[0]);
      const frame = { id, event, data };
      painter.frame(frame);
      for (const entry of story.tell(frame)) painter.entry(entry);
      painter.standing(story.standing());
    },
    close: painter.close,
  };
}

function showJob(terminal: Terminal, job: Job, as: ReplayFlags['as']): void {
  const raw = asObject(JSON.parse(JSON.stringify(jobJson(job))));
  if (as === 'json') {
    printJson(terminal, raw);
    return;
  }
  if (as === 'sse') {
    terminal.out.write(frameText({ event: 'job', data: JSON.stringify(raw) }));
    return;
  }
  const view = readJob(raw);
  const asOf = isTerminal(job.status) ? (job.endedAt ?? Date.now()) : Date.now();
  if (view !== undefined) for (const line of jobLines(view, terminal, asOf)) terminal.print(line);
}
