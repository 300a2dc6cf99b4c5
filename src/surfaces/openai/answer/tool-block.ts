// What a tool was called with and what it said, as a fenced block that a chat shows and no UI acts on.
import type { TurnPiece } from '../../../domain/turn-piece.js';

type ToolPiece = Extract<TurnPiece, { kind: 'tool-use' | 'tool-result' }>;

/** A whole block: it stands on lines of its own, and its fence is longer than any inside. */
export function toolBlock(piece: ToolPiece): string {
  switch (piece.kind) {
    case 'tool-use':
      return fenced(`tool_use:${piece.name.replace(/[`\s]/g, '_')}`, harmlessJson(piece.input));
    case 'tool-result':
      return fenced(piece.isError ? 'tool_result:error' : 'tool_result', harmless(piece.text));
    default:
      return piece satisfies never;
  }
}

function fenced(info: string, body: string): string {
  const longest = Math.max(0, ...(body.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `\n${fence}${info}\n${body}${body.endsWith('\n') ? '' : '\n'}${fence}\n`;
}

/** Where a tag begins that a UI takes for the model's own: Open WebUI folds text away at some, and runs code at one. */
const TAG =
  /(?:<(?=\/?(?:think|thinking|reason|reasoning|thought|solution|code_interpreter|details)\b|\|)|◁(?=\/?think▷))/gi;

/** An invisible character keeps the tag from being one. */
const harmless = (text: string): string => text.replace(TAG, '$&\u200b');

/** JSON has its own way to write the character. */
const harmlessJson = (json: string): string =>
  json.replace(TAG, (tag) => (tag === '<' ? '\\u003c' : '\\u25c1'));
