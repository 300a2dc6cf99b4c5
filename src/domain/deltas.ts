// What live readers get of an answer while it is being written: claude's stream of tiny deltas, merged into pieces
// of a readable size, in order with the complete messages. Deltas are no evidence; the messages are. Pure: time is a
// parameter, and the caller owns the timer.
import { isRecord, type JsonRecord } from './json-record.js';

/** The part of an agent's message that matters here. */
export interface LiveMessage {
  readonly type: string;
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
  /** Takes what was just written, free of secrets; returns what readers get now, in order. */
  delta(delta: DeltaData, now: number): readonly LivePiece[];
  /** Takes a complete message; what is held back goes ahead of it. */
  message(message: LiveMessage, now: number): readonly LivePiece[];
  /** When the held-back delta is to be flushed; undefined while nothing is held back. */
  dueAt(): number | undefined;
  /** The held-back delta; call it when `dueAt` has come, and at the end. */
  flush(now: number): readonly LivePiece[];
}

const FLUSH_EVERY_MS = 80;
/** A piece never grows beyond about this, however long the interval: a frame stays small. */
const MAX_PIECE_CHARS = 16 * 1024;

/**
 * Makes a merger for one attempt. A delta that follows a pause goes out at once; a burst is merged per interval, and
 * not at all when that is 0.
 */
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
  const giveAll = (now: number): readonly LivePiece[] => give(held?.text.length ?? 0, now);
  const flush = (now: number): readonly LivePiece[] => give(wholeCharacters(held?.text ?? ''), now);

  return {
    delta(delta, now) {
      const earlier = held !== undefined && !isSameBlock(held, delta) ? giveAll(now) : [];
      held = held === undefined ? delta : { ...held, text: held.text + delta.text };
      // A clock that was set back must not hold anything back.
      const isDue = Math.abs(now - lastFlush) >= intervalMs || held.text.length >= MAX_PIECE_CHARS;
      return isDue ? [...earlier, ...flush(now)] : earlier;
    },
    message: ({ type, line }, now) => [...giveAll(now), { kind: 'message', type, data: line }],
    dueAt: () => (wholeCharacters(held?.text ?? '') === 0 ? undefined : lastFlush + intervalMs),
    flush,
  };
}

/** Length of the text but for the first half of a character whose second half is still to come. */
const wholeCharacters = (text: string): number =>
  /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;

/** The delta that a stream_event carries; undefined for starts, stops, signatures and everything unknown. */
export function readDelta(message: JsonRecord): DeltaData | undefined {
  const event = message.event;
  if (!isRecord(event) || event.type !== 'content_block_delta' || !isRecord(event.delta)) return undefined;
  const { delta, index } = event;
  const make = (kind: DeltaKind, text: unknown): DeltaData | undefined =>
    typeof text !== 'string' || text === ''
      ? undefined
      : {
          block: typeof index === 'number' ? index : 0,
          delta: kind,
          text,
          parent_tool_use_id: parentOf(message),
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

/** The tool call whose sub-agent says the message; null for the main agent. */
export const parentOf = ({ parent_tool_use_id: parent }: JsonRecord): string | null =>
  typeof parent === 'string' ? parent : null;

type Block = Omit<DeltaData, 'text'>;

/** Whether both are pieces of one text. */
export const isSameBlock = (a: Block, b: Block): boolean =>
  a.block === b.block && a.delta === b.delta && a.parent_tool_use_id === b.parent_tool_use_id;
