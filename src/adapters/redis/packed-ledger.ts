// Ledgers of jobs that have ended and of which only the events are kept, made small. The list stays as long as the ledger
// is: its first element has all that was packed, each of the others stands empty for its record. So the length is the
// version as ever, and what comes after the end is pushed behind.
//
// The first element is `P1`, a seal (32 bytes), and raw deflate of a text: a line for the mark of the trimmed feed, and a
// line for each record: its cursor, a blank, its event. Version and `prev` of a record follow from those before it. The seal is
// the SHA-256 of the hash of the last record, a line feed and the text: it tells whether all are what they were. An answer that
// is short stands in the second element, `P1` and raw deflate: a key costs more than many an answer.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { AgenticoreError } from '../../domain/errors.js';
import { canonicalJson, chainEvents, eventOf, GENESIS } from '../../domain/evidence.js';
import type { JobEvent } from '../../domain/job-event.js';
import type { TrimMark } from '../../ports/custody.js';
import { sha256 } from '../host/sha256.js';
import { DICTIONARY_1 } from './packing-dictionary.js';
import { formatTrimmed, parseTrimmed } from './trimmed.js';

/** Stands before what was packed; spelled out in packed.lua as well. No line begins with a P. */
const FORMAT_1 = 'P1';
/** Characters of the longest answer that is kept in the ledger: whoever reads the ledger loads it. */
const MAX_ANSWER = 4096;
/** Bytes that a text may have: what somebody put in the place of a ledger must not take the memory of whoever reads it. */
const MAX_TEXT = 64 * 1024 * 1024;
const SEAL_BYTES = 32;
const TEXT_FROM = FORMAT_1.length + SEAL_BYTES;

export interface Unpacked {
  /** As they stood in the ledger. */
  readonly lines: readonly string[];
  /** What was forgotten of the feed. */
  readonly mark: TrimMark;
}

export interface Packed {
  /** What stands in the list instead of the lines. */
  readonly elements: readonly (Buffer | string)[];
  /** Whether the answer is among them: it needs no key of its own any more. */
  readonly holdsAnswer: boolean;
}

/** Whether a ledger that begins with this element was packed; from any element, whether it stands for a packed record. */
export const isPacked = (element: string | undefined): boolean =>
  element === '' || (element?.startsWith('P') ?? false);

/**
 * Packs a ledger. Undefined when these lines would not come back as they are, because somebody changed one of them: what
 * is wrong with them must stay visible.
 */
export function packLedger(lines: readonly string[], mark: TrimMark, answer?: string): Packed | undefined {
  try {
    const text = [formatTrimmed(mark), ...lines.map(withoutChain)].join('\n');
    const last = lines.at(-1) ?? '';
    const seal = sealOf(sha256(last.slice(last.indexOf('{'))), text);
    const packed = Buffer.concat([Buffer.from(FORMAT_1), Buffer.from(seal, 'hex'), deflated(text)]);
    const back = unpacked(packed);
    if (back.lines.length !== lines.length || back.lines.some((line, nth) => line !== lines[nth]))
      return undefined;
    const others = lines.slice(1).map((): Buffer | string => '');
    const holdsAnswer = answer !== undefined && answer.length <= MAX_ANSWER && others.length > 0;
    if (holdsAnswer) others[0] = Buffer.concat([Buffer.from(FORMAT_1), deflated(answer)]);
    return { elements: [packed, ...others], holdsAnswer };
  } catch {
    return undefined;
  }
}

/** What was packed. Throws BUS_CORRUPT when it is not what was packed any more. */
export function unpackLedger(jobId: string, packed: Buffer): Unpacked {
  try {
    return unpacked(packed);
  } catch {
    throw new AgenticoreError('BUS_CORRUPT', `The packed ledger of job ${jobId} is not what was packed.`);
  }
}

/** The answer that the second element holds. Throws BUS_CORRUPT. */
export function unpackAnswer(jobId: string, packed: Buffer): string {
  try {
    return inflated(packed, FORMAT_1.length);
  } catch {
    throw new AgenticoreError('BUS_CORRUPT', `The packed answer of job ${jobId} is not what was packed.`);
  }
}

/** A line of the ledger without version and `prev` of its record. */
function withoutChain(line: string): string {
  const from = line.indexOf('{');
  return line.slice(0, from) + canonicalJson(eventOf(JSON.parse(line.slice(from))));
}

function unpacked(packed: Buffer): Unpacked {
  const text = inflated(packed, TEXT_FROM);
  const [mark = '', ...pieces] = text.split('\n');
  const events = pieces.map((piece): JobEvent => JSON.parse(piece.slice(piece.indexOf('{'))));
  const { lines, head } = chainEvents(events, { version: 0, head: GENESIS }, sha256);
  if (sealOf(head(), text) !== packed.toString('hex', FORMAT_1.length, TEXT_FROM))
    throw new Error('another seal');
  const withCursors = pieces.map((piece, nth) => piece.slice(0, piece.indexOf('{')) + lines[nth]);
  return { lines: withCursors, mark: parseTrimmed(mark) };
}

const sealOf = (head: string, text: string): string => sha256(`${head}\n${text}`);

const deflated = (text: string): Buffer => deflateRawSync(text, { level: 9, dictionary: DICTIONARY_1 });

function inflated(packed: Buffer, from: number): string {
  if (packed.toString('latin1', 0, FORMAT_1.length) !== FORMAT_1) throw new Error('another format');
  const options = { dictionary: DICTIONARY_1, maxOutputLength: MAX_TEXT };
  return inflateRawSync(packed.subarray(from), options).toString();
}
