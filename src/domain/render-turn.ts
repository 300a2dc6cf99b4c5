// Makes what readers of a turn are given out of what claude says, one way for both paths: straight from the process, or
// out of the feed. What is hidden is in no piece; each character of a text is given once, whatever broke in between.
import { type DeltaData, readDelta } from './deltas.js';
import { isRecord, type JsonRecord } from './json-record.js';
import { createMainText } from './main-text.js';
import { blocksOf, type SaidBlock } from './said-blocks.js';
import { BLANK_LINE, openBlock, type SpokenBlock } from './spoken-block.js';
import type { TurnPiece } from './turn-piece.js';
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

/** The blocks that are being written by one agent: the main one, or the sub-agent of a tool call. */
interface Mouth {
  text: SpokenBlock | undefined;
  thinking: SpokenBlock | undefined;
  hasThought: boolean;
  hasSpoken: boolean;
}

/** A renderer of one turn. It never throws: unknown and malformed messages say nothing. */
export function createTurnRenderer(visibility: Visibility): TurnRenderer {
  const mouths = new Map<string | undefined, Mouth>();
  const main = createMainText(visibility);
  let stopReason: string | undefined;
  let hasActed = false;
  let localAnswer: string | undefined;

  const mouthOf = (parent: string | undefined): Mouth => {
    const mouth = mouths.get(parent) ?? {
      text: undefined,
      thinking: undefined,
      hasThought: false,
      hasSpoken: false,
    };
    mouths.set(parent, mouth);
    return mouth;
  };

  function think(mouth: Mouth, parent: string | undefined, say: (block: SpokenBlock) => string) {
    const isNew = mouth.thinking === undefined;
    mouth.thinking ??= openBlock();
    const text = say(mouth.thinking);
    if (text === '' || !visibility.thinking || !isShown(parent)) return [];
    const gap = isNew && mouth.hasThought ? BLANK_LINE : '';
    mouth.hasThought = true;
    return [{ kind: 'thinking', text: gap + text, ...of(parent) } as const];
  }

  function speak(mouth: Mouth, parent: string | undefined, say: (block: SpokenBlock) => string) {
    mouth.text ??= openBlock();
    const text = say(mouth.text);
    if (parent === undefined) return main.add(text, mouth.text);
    if (text === '' || !isShown(parent)) return [];
    mouth.hasSpoken = true;
    return [{ kind: 'text', text, ...of(parent) } as const];
  }

  /** What a sub-agent does belongs to the tool call that it is the work of. */
  const isShown = (parent: string | undefined): boolean => parent === undefined || visibility.tools;

  function takeDelta({ delta, text, parent_tool_use_id }: DeltaData): readonly TurnPiece[] {
    const parent = parent_tool_use_id ?? undefined;
    const mouth = mouthOf(parent);
    const grow = (block: SpokenBlock): string => block.grow(text);
    switch (delta) {
      case 'thinking':
        return think(mouth, parent, grow);
      case 'text':
        return speak(mouth, parent, grow);
      case 'input_json':
        return parent === undefined ? main.close('narration') : [];
      default:
        return delta satisfies never;
    }
  }

  function takeBlock(block: SaidBlock, parent: string | undefined): readonly TurnPiece[] {
    const mouth = mouthOf(parent);
    const complete = (spoken: SpokenBlock): string => spoken.complete('text' in block ? block.text : '');
    switch (block.kind) {
      case 'thinking': {
        const pieces = think(mouth, parent, complete);
        mouth.thinking = undefined;
        return pieces;
      }
      case 'text': {
        const pieces = speak(mouth, parent, complete);
        forget(mouth); // thinking that was never completed belonged to a stream that broke
        return parent === undefined ? pieces : [...pieces, ...endOfSubagent(mouth, parent)];
      }
      case 'tool-use':
      case 'tool-result': {
        hasActed = true;
        // A result may come while a later block is being written; a call is a block of its own and ends what was open.
        if (block.kind === 'tool-use') forget(mouth);
        const before = parent === undefined && block.kind === 'tool-use' ? main.close('narration') : [];
        return visibility.tools ? [...before, { ...block, ...of(parent) }] : before;
      }
      default:
        return block satisfies never;
    }
  }

  function endOfSubagent(mouth: Mouth, parent: string): readonly TurnPiece[] {
    if (!mouth.hasSpoken) return [];
    mouth.hasSpoken = false;
    return [{ kind: 'text-end', role: 'narration', ...of(parent) }];
  }

  function takeUser(message: JsonRecord): readonly TurnPiece[] {
    const parent = parentOf(message);
    const results =
      message.isSynthetic === true || message.isReplay === true
        ? []
        : blocksOf(message).filter((block) => block.kind === 'tool-result');
    // Something else was put to Claude: what it says next does not continue what it said before.
    if (results.length === 0 && parent === undefined) settle();
    return results.flatMap((block) => takeBlock(block, parent));
  }

  function take(type: string, message: JsonRecord): readonly TurnPiece[] {
    switch (type) {
      case 'stream_event':
        return takeEvent(message);
      case 'assistant': // claude's own words about a failed API are no answer
        return message.error === undefined || message.error === null
          ? blocksOf(message).flatMap((block) => takeBlock(block, parentOf(message)))
          : [];
      case 'user':
        return takeUser(message);
      case 'system':
        if (message.subtype === 'api_retry') for (const mouth of mouths.values()) restart(mouth);
        return [];
      case 'oversized': // the block that was being written, complete, was too long to be kept
        if (message.of === 'assistant') for (const mouth of mouths.values()) forget(mouth);
        return [];
      case 'result':
        settle();
        noteStop(message.stop_reason);
        if (message.is_error !== true && typeof message.result === 'string') localAnswer = message.result;
        return [];
      default:
        return [];
    }
  }

  function settle(): void {
    main.settle();
    forget(mouthOf(undefined));
  }

  function takeEvent(message: JsonRecord): readonly TurnPiece[] {
    const { event } = message;
    const parent = parentOf(message);
    if (isRecord(event) && event.type === 'message_start') restart(mouthOf(parent));
    if (isRecord(event) && isRecord(event.delta) && parent === undefined) noteStop(event.delta.stop_reason);
    const delta = readDelta(message);
    return delta === undefined ? [] : takeDelta(delta);
  }

  function noteStop(reason: unknown): void {
    if (typeof reason === 'string') stopReason = reason;
  }

  return {
    take: ({ type, message }) => take(type, message),
    takeEntry({ kind, type, data }) {
      const value = kind === 'event' ? undefined : parse(data);
      if (!isRecord(value)) return [];
      if (kind === 'message') return take(type, value);
      return isDelta(value) ? takeDelta(value) : [];
    },
    end() {
      // A command of claude itself answers without a word of the model.
      const isSilent = !hasActed && !main.hasSpoken() && localAnswer !== undefined;
      const answer = isSilent ? takeBlock({ kind: 'text', text: localAnswer ?? '' }, undefined) : [];
      return [...answer, ...main.close('final')];
    },
    shownContent: main.shown,
    finalText: main.last,
    stopReason: () => stopReason,
  };
}

function restart(mouth: Mouth): void {
  mouth.text?.restart();
  mouth.thinking?.restart();
}

function forget(mouth: Mouth): void {
  mouth.text = undefined;
  mouth.thinking = undefined;
}

const of = (parent: string | undefined) => (parent === undefined ? {} : { parent });

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
