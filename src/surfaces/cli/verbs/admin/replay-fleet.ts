// `agenticore admin replay --all`: what happened in all jobs since a moment, in one order.
import { exportJobs } from '../../../../app/admin/export-jobs.js';
import { type ExportLine, formatExportLine } from '../../../../app/admin/export-line.js';
import { importJobs } from '../../../../app/admin/import-jobs.js';
import { replayFeed } from '../../../../app/admin/replay-feed.js';
import { AgenticoreError } from '../../../../domain/errors.js';
import type { Frame } from '../../../wire/feed-frame.js';
import type { CliContext, Desk } from '../../cli-context.js';
import { parseObject, textAt } from '../../server/json-fields.js';
import { oneLine } from '../../terminal/printable.js';
import type { Terminal } from '../../terminal/terminal.js';
import { sayReport } from './import.js';
import {
  type FrameWriter,
  framesOf,
  type ReplayFlags,
  speedOf,
  sseWriter,
  untilInterrupted,
} from './replay.js';

export interface ReplayFleetFlags extends Pick<ReplayFlags, 'speed' | 'as'> {
  readonly since: string;
  /** Address of the Redis to import the jobs into, instead of showing their events. */
  readonly into?: string | undefined;
}

const INTERRUPTED = 130;

export function replayFleet(cli: CliContext, flags: ReplayFleetFlags): Promise<number> {
  const speed = speedOf(flags.speed ?? 'max');
  return cli.atDesk({ access: 'read' }, async ({ bus, clock, hash }) => {
    const sinceMs = momentOf(flags.since, clock.now());
    const options = {
      after: `${Math.max(0, sinceMs - 1)}-999999999`,
      ...(speed === undefined ? {} : { speed }),
    };
    if (flags.into !== undefined) return importTouched(cli, { bus, clock, hash }, options, flags.into);
    const writer = writerFor(cli.terminal, flags.as);
    const done = await untilInterrupted(cli, async (signal) => {
      const replayed = replayFeed({ feed: bus.feed, clock }, { kind: 'fleet' }, options, signal);
      for await (const frame of framesOf(replayed, { kind: 'fleet' }, hash)) writer.frame(frame);
    });
    writer.close();
    return done ? 0 : INTERRUPTED;
  });
}

/** Takes every job that has an event in the range into another bus, with its whole history. */
async function importTouched(
  cli: CliContext,
  { bus, clock, hash }: Pick<Desk, 'bus' | 'clock' | 'hash'>,
  options: { readonly after: string },
  redisUrl: string,
): Promise<number> {
  const jobIds = new Set<string>();
  const range = replayFeed(
    { feed: bus.feed, clock },
    { kind: 'fleet' },
    options,
    new AbortController().signal,
  );
  for await (const step of range) {
    if (step.kind === 'gap')
      cli.terminal.say('Events before the first one that is kept are not known any more.');
    else jobIds.add(textAt(parseObject(step.entry.data), 'jobId') ?? '');
  }
  return cli.atDesk({ access: 'write', redisUrl }, async ({ bus: { custody } }) => {
    const lines = exportLines(exportJobs(bus, jobIds, false));
    return sayReport(cli.terminal, await importJobs({ custody, hash }, lines, false), false);
  });
}

async function* exportLines(lines: AsyncIterable<ExportLine>): AsyncGenerator<string> {
  for await (const line of lines) yield formatExportLine(line);
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `15m`, `2h` or `7d`; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  return amount === undefined || factor === undefined ? undefined : Number(amount) * factor;
}

/** More than that is taken for a date by the language: 90, without its unit, would be a year. */
const DATE = /^\d{4}-\d\d/;

/** Epoch milliseconds of a time, or of that long ago. Throws INVALID_REQUEST. */
function momentOf(text: string, now: number): number {
  const ago = durationMs(text);
  const moment = ago !== undefined ? now - ago : DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new AgenticoreError(
    'INVALID_REQUEST',
    '--since must be a time such as 2026-01-31T12:00:00Z, or how long ago: 90s, 15m, 2h, 7d.',
  );
}

function writerFor(terminal: Terminal, as: ReplayFlags['as']): FrameWriter {
  if (as === 'sse') return sseWriter(terminal);
  const frame =
    as === 'json'
      ? ({ id, event, data }: Frame): void =>
          terminal.print(JSON.stringify({ id, event, data: parseObject(data) ?? data }))
      : (fact: Frame): void => terminal.print(factLine(fact));
  return { frame, close: () => {} };
}

function factLine({ event, data }: Frame): string {
  if (event === 'gap') return 'What came before is no longer kept.';
  const fact = parseObject(data);
  const words = [
    textAt(fact, 'at'),
    textAt(fact, 'job_id'),
    event,
    textAt(fact, 'error') ?? textAt(fact, 'url'),
  ];
  return oneLine(words.filter((word) => word !== undefined).join(' '));
}
