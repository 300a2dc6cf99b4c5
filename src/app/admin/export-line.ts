// The form in which jobs travel between buses: lines of JSON, a stated version first, every job closed by a count, so
// that a file that was cut anywhere is known for what it is.
import type { LedgerRecord } from '../../domain/evidence.js';
import { isRecord } from '../../domain/json-record.js';
import type { TrimMark } from '../../ports/custody.js';

/** Raised when a reader of the old form would misread the new one. */
export const EXPORT_FORMAT = 1;

export type ExportLine =
  | { readonly line: 'agenticore-export'; readonly format: number }
  | { readonly line: 'job'; readonly jobId: string; readonly trimmed?: TrimMark }
  /** What was written after the job's end has no place in its feed. */
  | { readonly line: 'event'; readonly cursor?: string; readonly record: LedgerRecord }
  | {
      readonly line: 'said';
      readonly cursor: string;
      readonly kind: 'message' | 'delta';
      readonly type: string;
      readonly data: string;
      readonly whole?: string;
    }
  | { readonly line: 'answer'; readonly text: string }
  /** Of a turn that has not ended. */
  | { readonly line: 'request'; readonly text: string }
  | { readonly line: 'end'; readonly jobId: string; readonly events: number; readonly said: number }
  | { readonly line: 'done'; readonly jobs: number };

export const formatExportLine = (line: ExportLine): string => JSON.stringify(line);

type Shape = Readonly<Record<string, 'string' | 'number' | 'object'>>;

const SHAPES: Readonly<Record<ExportLine['line'], Shape>> = {
  'agenticore-export': { format: 'number' },
  job: { jobId: 'string' },
  event: { record: 'object' },
  said: { cursor: 'string', kind: 'string', type: 'string', data: 'string' },
  answer: { text: 'string' },
  request: { text: 'string' },
  end: { jobId: 'string', events: 'number', said: 'number' },
  done: { jobs: 'number' },
};

/** The line, or undefined when it is none: cut short, or something else. */
export function parseExportLine(text: string): ExportLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isExportLine(value) ? value : undefined;
}

function isExportLine(value: unknown): value is ExportLine {
  if (!isRecord(value) || typeof value.line !== 'string' || !Object.hasOwn(SHAPES, value.line)) return false;
  const shape = SHAPES[value.line as ExportLine['line']];
  if (!Object.entries(shape).every(([name, type]) => typeof value[name] === type)) return false;
  if (value.line === 'event')
    return isRecord(value.record) && (value.cursor === undefined || typeof value.cursor === 'string');
  if (value.line === 'job') return value.trimmed === undefined || isTrimMark(value.trimmed);
  if (value.line !== 'said') return true;
  const { kind, whole } = value;
  return (kind === 'message' || kind === 'delta') && (whole === undefined || typeof whole === 'string');
}

const isTrimMark = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value.cursor === 'string' &&
  (value.hash === undefined || typeof value.hash === 'string');
