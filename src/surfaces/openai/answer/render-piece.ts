// Each piece of a turn as what a reader of the stream gets: the table of the contract.
import type { JsonRecord } from '../../../domain/json-record.js';
import type { TurnPiece } from '../../../domain/turn-piece.js';
import { parseJsonText } from '../../wire/parse-json-text.js';
import type { ToolChannel } from '../openai-deps.js';
import type { Frames } from './frames.js';
import { toolBlock } from './tool-block.js';

/** A larger input is in the block only. */
const MAX_INPUT_BYTES = 4 * 1024;
/** Names and ids come from Claude, and must not fill a line by themselves. */
const MAX_NAME_CHARS = 200;

export interface RenderOptions {
  readonly toolChannel: ToolChannel;
  /** The answer has to be JSON and nothing else: it comes at the end. */
  readonly jsonOnly: boolean;
}

/** The frames of a piece; '' when the reader gets nothing of it. */
export function renderPiece(
  frames: Frames,
  piece: TurnPiece,
  { toolChannel, jsonOnly }: RenderOptions,
): string {
  switch (piece.kind) {
    case 'thinking':
      return frames.text('reasoning', piece.text, tagOf('thinking', piece.parent));
    case 'text': {
      const channel = channelOf(piece, toolChannel);
      const isProse = jsonOnly && channel === 'content';
      return isProse ? '' : frames.text(channel, piece.text, tagOf('text', piece.parent));
    }
    case 'text-end':
      return jsonOnly ? '' : frames.mark(tagOf(piece.role, piece.parent));
    case 'tool-use':
    case 'tool-result':
      if (jsonOnly && toolChannel === 'content') return '';
      return frames.text(toolChannel, toolBlock(piece), toolTag(piece), inputTag(piece));
    default:
      return piece satisfies never;
  }
}

/** What a sub-agent says belongs to the tool call that it is the work of: it is not the answer. */
export const channelOf = ({ parent }: TurnPiece, toolChannel: ToolChannel): ToolChannel =>
  parent === undefined ? 'content' : toolChannel;

/** Tags of pieces without parent are the same ones again and again. */
const TAGS: Readonly<Record<string, JsonRecord>> = {
  thinking: { x_agenticore_event_type: 'thinking' },
  text: { x_agenticore_event_type: 'text' },
};

function tagOf(type: string, parent: string | undefined): JsonRecord {
  if (parent !== undefined)
    return { x_agenticore_event_type: type, x_agenticore_parent_tool_use_id: short(parent) };
  return TAGS[type] ?? { x_agenticore_event_type: type };
}

function toolTag(piece: Extract<TurnPiece, { kind: 'tool-use' | 'tool-result' }>): JsonRecord {
  const own =
    piece.kind === 'tool-use'
      ? { x_agenticore_tool_name: short(piece.name), x_agenticore_tool_use_id: short(piece.id) }
      : { x_agenticore_tool_use_id: short(piece.toolUseId), x_agenticore_is_error: piece.isError };
  return { ...tagOf(piece.kind === 'tool-use' ? 'tool_use' : 'tool_result', piece.parent), ...own };
}

function inputTag(piece: TurnPiece): JsonRecord | undefined {
  if (piece.kind !== 'tool-use' || piece.input.length > MAX_INPUT_BYTES) return undefined;
  const tag = { x_agenticore_tool_input: parseJsonText(piece.input) };
  return Buffer.byteLength(JSON.stringify(tag)) > MAX_INPUT_BYTES ? undefined : tag;
}

const short = (text: string): string => text.slice(0, MAX_NAME_CHARS);
