// Takes secrets out of what Claude is writing, however it is cut: each block that is being written is a text of its own,
// of which only what may be the beginning of a secret waits for the rest. Pure.
import { type DeltaData, isSameBlock, parentOf, readDelta } from './deltas.js';
import { isRecord, type JsonRecord } from './json-record.js';
import { blocksOf } from './said-blocks.js';
import type { TextFlow } from './text-flow.js';

export interface DeltaFlows {
  /**
   * Takes the next message of claude; returns what may be read of the blocks that are being written, to be given ahead
   * of the message. In one, the deltas of a complete block are its text without secrets. Of a block that never gets
   * complete, what was held back is not given at all: it may be half a secret.
   */
  take(message: { readonly type: string; readonly message: JsonRecord }): readonly DeltaData[];
}

/** A block that is being written. */
interface Writing {
  readonly block: Omit<DeltaData, 'text'>;
  readonly flow: TextFlow;
  /** As it came, secrets and all. */
  raw: string;
  /** A complete block of its kind came that is not what was written: it stands for it. */
  isReplaced: boolean;
}

/** One for an attempt. Agents may write at the same time, each one block after the other. */
export function createDeltaFlows(openFlow: () => TextFlow): DeltaFlows {
  /** By the call that started the agent; null for the main one. */
  const writings = new Map<string | null, Writing>();

  function write({ text, ...block }: DeltaData): readonly DeltaData[] {
    const parent = block.parent_tool_use_id;
    const before = writings.get(parent);
    const isSame = before !== undefined && isSameBlock(before.block, block);
    const earlier = isSame ? [] : end(parent);
    const writing = isSame ? before : { block, flow: openFlow(), raw: '', isReplaced: false };
    writings.set(parent, writing);
    writing.raw += text;
    return [...earlier, ...piece(block, writing.flow.push(text))];
  }

  function end(parent: string | null): readonly DeltaData[] {
    const writing = writings.get(parent);
    writings.delete(parent);
    return writing === undefined || writing.isReplaced ? [] : piece(writing.block, writing.flow.flush());
  }

  function takeEvent(message: JsonRecord): readonly DeltaData[] {
    const delta = readDelta(message);
    if (delta !== undefined) return write(delta);
    const { event } = message;
    const parent = parentOf(message);
    if (!isRecord(event)) return [];
    if (event.type === 'content_block_stop') return end(parent);
    if (event.type === 'message_start') writings.delete(parent);
    return [];
  }

  /** Claude gives a block complete before it says that its stream has stopped. */
  function takeComplete(message: JsonRecord): readonly DeltaData[] {
    const parent = parentOf(message);
    const writing = writings.get(parent);
    if (writing === undefined) return [];
    if (isComplete(writing, message)) return end(parent);
    writing.isReplaced ||= blocksOf(message).some(({ kind }) => kind === kindOf(writing));
    return [];
  }

  return {
    take({ type, message }) {
      switch (type) {
        case 'stream_event':
          return takeEvent(message);
        case 'assistant':
          return takeComplete(message);
        case 'system':
          if (message.subtype === 'api_retry') writings.clear();
          return [];
        default:
          return []; // what tools and other agents say comes in the middle of a block
      }
    },
  };
}

/** Whether the message holds what was written; of a stream that broke it may hold another telling. */
function isComplete(writing: Writing, message: JsonRecord): boolean {
  const { raw } = writing;
  const kind = kindOf(writing);
  return blocksOf(message).some((block) => {
    if (block.kind !== kind) return false;
    return block.kind === 'text' || block.kind === 'thinking' ? block.text === raw : isJson(raw);
  });
}

const kindOf = ({ block: { delta } }: Writing): 'text' | 'thinking' | 'tool-use' =>
  delta === 'input_json' ? 'tool-use' : delta;

const piece = (block: Writing['block'], text: string): readonly DeltaData[] =>
  text === '' ? [] : [{ ...block, text }];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
