// What a complete message of claude holds, in the few words that matter to readers. Messages come from a foreign program:
// whatever is unknown or malformed says nothing.
import { isRecord, type JsonRecord } from './json-record.js';

export type SaidBlock =
  | { readonly kind: 'text' | 'thinking'; readonly text: string }
  | { readonly kind: 'tool-use'; readonly id: string; readonly name: string; readonly input: string }
  | {
      readonly kind: 'tool-result';
      readonly toolUseId: string;
      readonly isError: boolean;
      readonly text: string;
    };

/** The blocks of an `assistant` or `user` message, in order. */
export function blocksOf(message: JsonRecord): readonly SaidBlock[] {
  const content = isRecord(message.message) ? message.message.content : undefined;
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => (isRecord(block) ? readBlock(block) : []));
}

function readBlock(block: JsonRecord): readonly SaidBlock[] {
  const { type } = block;
  if (type === 'text') return [{ kind: 'text', text: textOf(block.text) }];
  if (type === 'thinking') return [{ kind: 'thinking', text: textOf(block.thinking) }];
  // Tools that the API itself runs come as blocks of Claude's own message.
  if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use') {
    const input = JSON.stringify(block.input ?? {});
    return [{ kind: 'tool-use', id: textOf(block.id), name: textOf(block.name), input }];
  }
  if (typeof type === 'string' && type.endsWith('tool_result')) {
    const isError = block.is_error === true || (isRecord(block.content) && 'error_code' in block.content);
    return [
      { kind: 'tool-result', toolUseId: textOf(block.tool_use_id), isError, text: resultText(block.content) },
    ];
  }
  return []; // redacted_thinking above all: its data is nobody's
}

/** What a tool said, as text; what is no text is named by its kind. */
function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (isRecord(content)) return partText(content);
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => (isRecord(part) ? partText(part) : textOf(part))).join('\n');
}

function partText(part: JsonRecord): string {
  if (typeof part.text === 'string') return part.text;
  if (typeof part.error_code === 'string') return part.error_code;
  if (typeof part.url === 'string') return `${textOf(part.title)} ${part.url}`.trim();
  return `[${typeof part.type === 'string' ? part.type : 'unknown'}]`;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
