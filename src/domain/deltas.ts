// What live readers get of an answer while it is being written: claude's stream of tiny deltas, merged into pieces
// of a readable size, in order with the complete messages. Deltas are no evidence; the messages are. Pure: time is a
// parameter, and the caller owns the timer.
import { isRecord, type JsonRecord } from './json-record.js';

/** The part of an agent's message that matters here. */
export interface LiveMessage {
  readonly type: string;
  readonly message: JsonRecord;
  /** One line of JSON. */
  readonly line: string;
}

export type DeltaKind = 'text' | 'thinking' | 'input_json';

/** What `data` of a delta piece holds as JSON. */
export interface DeltaData {
  readonly block: number;
  readonly delta: DeltaKind;
  readonly text: string;
  readonly parent_tool_use_id: string | null;
}

/** What readers get next: a complete message as it came, or a merged delta. */
export interface LivePiece {
  readonly kind: 'message' | 'delta';
  readonly type: string;
  /** One line of JSON. */
  readonly data: string;
}

export interface DeltaMerger {
  /** Takes the next message of claude; returns what readers get now, in order. */
  take(message: LiveMessage, now: number): readonly LivePiece[];
  /** When `flushWords` has something to give; undefined while it has not. */
  dueAt(): number | undefined;
  /** The held-back delta up to its last whole word; call it when `dueAt` has come. */
  flushWords(now: number): readonly LivePiece[];
  /** All of the held-back delta; call it at the end. */
  flush(now: number): readonly LivePiece[];
}

const FLUSH_EVERY_MS = 80;
/** A piece never grows beyond about this, however long the interval: a frame stays small. */
const MAX_PIECE_CHARS = 16 * 1024;
/** A word that is still being written is held back up to this length: a secret cut in two would pass redaction. */
const MAX_WORD_CHARS = 512;

/** Makes a merger for one attempt. A delta that follows a pause goes out at once; a burst is merged per interval. */
export function createDeltaMerger(intervalMs = FLUSH_EVERY_MS): DeltaMerger {
  let held: DeltaData | undefined;
  let lastFlush = Number.NEGATIVE_INFINITY;

  function give(length: number, now: number): readonly LivePiece[] {
    if (held === undefined || length === 0) return [];
    const { text } = held;
    const data = JSON.stringify({ ...held, text: text.slice(0, length) });
    held = length < text.length ? { ...held, text: text.slice(length) } : undefined;
    lastFlush = now;
    return [{ kind: 'delta', type: 'delta', data }];
  }
  const flush = (now: number): readonly LivePiece[] => give(held?.text.length ?? 0, now);
  const flushWords = (now: number): readonly LivePiece[] => give(wholeWords(held?.text ?? ''), now);

  function hold(delta: DeltaData, now: number): readonly LivePiece[] {
    const earlier = held !== undefined && !isSameBlock(held, delta) ? flush(now) : [];
    held = held === undefined ? delta : { ...held, text: held.text + delta.text };
    // A clock that was set back must not hold anything back.
    const isDue = Math.abs(now - lastFlush) >= intervalMs || held.text.length >= MAX_PIECE_CHARS;
    return isDue && earlier.length === 0 ? flushWords(now) : earlier;
  }

  return {
    take(message, now) {
      if (message.type === 'stream_event') {
        const delta = readDelta(message.message);
        return delta === undefined ? [] : hold(delta, now);
      }
      return [...flush(now), { kind: 'message', type: message.type, data: message.line }];
    },
    dueAt: () => (wholeWords(held?.text ?? '') === 0 ? undefined : lastFlush + intervalMs),
    flushWords,
    flush,
  };
}

/** Length of the text up to and with its last white space; all of it when the last word is longer than any word. */
function wholeWords(text: string): number {
  const end = text.search(/\S*$/);
  return text.length - end > MAX_WORD_CHARS ? text.length : end;
}

/** The delta that a stream_event carries; undefined for starts, stops, signatures and everything unknown. */
export function readDelta(message: JsonRecord): DeltaData | undefined {
  const event = message.event;
  if (!isRecord(event) || event.type !== 'content_block_delta' || !isRecord(event.delta)) return undefined;
  const { delta, index } = event;
  const parent = message.parent_tool_use_id;
  const make = (kind: DeltaKind, text: unknown): DeltaData | undefined =>
    typeof text !== 'string' || text === ''
      ? undefined
      : {
          block: typeof index === 'number' ? index : 0,
          delta: kind,
          text,
          parent_tool_use_id: typeof parent === 'string' ? parent : null,
        };
  switch (delta.type) {
    case 'text_delta':
      return make('text', delta.text);
    case 'thinking_delta':
      return make('thinking', delta.thinking);
    case 'input_json_delta':
      return make('input_json', delta.partial_json);
    default:
      return undefined;
  }
}

const isSameBlock = (a: DeltaData, b: DeltaData): boolean =>
  a.block === b.block && a.delta === b.delta && a.parent_tool_use_id === b.parent_tool_use_id;
