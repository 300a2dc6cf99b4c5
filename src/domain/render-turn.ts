// Makes what readers of a turn are given out of what claude says, one way for both paths: straight from the process, or
// out of the feed. What is hidden is in no piece; each character of a text is given once, whatever broke in between.
import { type DeltaData, readDelta } from './deltas.js';
import { isRecord, type JsonRecord } from './json-record.js';
import { createMainText } from './main-text.js';
import { blocksOf, type SaidBlock } from './said-blocks.js';
import type { TurnPiece } from './turn-piece.js';
import { createTurnVoices } from './turn-voices.js';
import type { Visibility } from './visibility.js';

export interface TurnRenderer {
  /** The next message of claude as it came, deltas (`stream_event`) or complete. */
  take(message: { readonly type: string; readonly message: JsonRecord }): readonly TurnPiece[];
  /** The next entry of the feed; a message that was kept aside has to be given whole. Domain events say nothing. */
  takeEntry(entry: FeedLike): readonly TurnPiece[];
  /** Nothing more comes: the last text was the final one. Call it once, however the turn ended. */
  end(): readonly TurnPiece[];
  /** The text that readers have been given as the answer, in one. */
  shownContent(): string;
  /** What Claude said last, also when it is hidden; undefined when the turn ended in the middle of its work. */
  finalText(): string | undefined;
  /** Of the last message: `end_turn`, `max_tokens`, `refusal` ... */
  stopReason(): string | undefined;
}

interface FeedLike {
  readonly kind: 'event' | 'message' | 'delta';
  readonly type: string;
  /** One line of JSON. */
  readonly data: string;
}

/** A renderer of one turn. It never throws: unknown and malformed messages say nothing. */
export function createTurnRenderer(visibility: Visibility): TurnRenderer {
  const main = createMainText(visibility);
  const voices = createTurnVoices(visibility, main);
  let stopReason: string | undefined;
  let localAnswer: string | undefined;

  function take(type: string, message: JsonRecord): readonly TurnPiece[] {
    switch (type) {
      case 'stream_event':
        return takeEvent(message);
      case 'assistant':
        return isApiError(message) ? [] : takeBlocks(blocksOf(message), message);
      case 'user':
        return takeUser(message);
      case 'system':
        if (message.subtype === 'api_retry') voices.restartAll();
        return [];
      case 'oversized': // the block that was being written, complete, was too long to be kept
        if (message.of === 'assistant') voices.forgetAll();
        return [];
      case 'result':
        return takeResult(message);
      default:
        return [];
    }
  }

  function takeEvent(message: JsonRecord): readonly TurnPiece[] {
    const { event } = message;
    const parent = parentOf(message);
    if (isRecord(event) && event.type === 'message_start') voices.restart(parent);
    if (isRecord(event) && isRecord(event.delta) && parent === undefined) noteStop(event.delta.stop_reason);
    const delta = readDelta(message);
    return delta === undefined ? [] : voices.takeDelta(delta);
  }

  function takeUser(message: JsonRecord): readonly TurnPiece[] {
    const isForClaude = message.isSynthetic === true || message.isReplay === true;
    const results = isForClaude ? [] : blocksOf(message).filter(({ kind }) => kind === 'tool-result');
    if (results.length > 0) return takeBlocks(results, message);
    // Something else was put to Claude: what it says next does not continue what it said before.
    if (parentOf(message) === undefined) main.settle();
    return [];
  }

  const takeBlocks = (blocks: readonly SaidBlock[], message: JsonRecord): readonly TurnPiece[] =>
    blocks.flatMap((block) => voices.takeBlock(block, parentOf(message)));

  function takeResult(message: JsonRecord): readonly TurnPiece[] {
    main.settle();
    voices.forgetAll();
    noteStop(message.stop_reason);
    if (message.is_error !== true && typeof message.result === 'string') localAnswer = message.result;
    return [];
  }

  function noteStop(reason: unknown): void {
    if (typeof reason === 'string') stopReason = reason;
  }

  return {
    take: ({ type, message }) => take(type, message),
    takeEntry({ kind, type, data }) {
      const value = kind === 'event' ? undefined : parse(data);
      if (!isRecord(value)) return [];
      if (kind === 'message') return isRecord(value.message) ? take(type, value.message) : [];
      return isDelta(value) ? voices.takeDelta(value) : [];
    },
    end() {
      // A command of claude itself answers without a word of the model.
      const isSilent = !voices.hasActed() && !main.hasSpoken() && localAnswer !== undefined;
      const answer = isSilent ? voices.takeBlock({ kind: 'text', text: localAnswer ?? '' }, undefined) : [];
      return [...answer, ...main.close('final')];
    },
    shownContent: main.shown,
    finalText: main.last,
    stopReason: () => stopReason,
  };
}

/** Claude's own words about a failed request are no answer. */
const isApiError = ({ error }: JsonRecord): boolean => error !== undefined && error !== null;

const parentOf = ({ parent_tool_use_id: parent }: JsonRecord): string | undefined =>
  typeof parent === 'string' ? parent : undefined;

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function isDelta(value: unknown): value is DeltaData {
  if (!isRecord(value) || typeof value.text !== 'string') return false;
  const { delta, parent_tool_use_id: parent } = value;
  const isKnown = delta === 'text' || delta === 'thinking' || delta === 'input_json';
  return isKnown && (parent === null || parent === undefined || typeof parent === 'string');
}
