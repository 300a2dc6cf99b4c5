// The three layers in one form: which tools were called, what came back, what was said.
import { isRecord, type JsonRecord } from '../../src/domain/json-record.js';

export interface ToolUse {
  readonly id: string;
  readonly input: string;
}

export interface ToolResult {
  readonly id: string;
  readonly text: string;
}

/** What one layer knows of the turn. */
export interface Layer {
  readonly uses: readonly ToolUse[];
  readonly results: readonly ToolResult[];
  /** Everything that the main agent said as text, without white space: cuts and blocks do not count. */
  readonly text: string;
}

/** The data of the frames of a stream, in order: chunks, or `[DONE]`. */
export const frames = (wire: string): readonly string[] =>
  wire
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length));

/** The chunks among them. */
export const chunks = (wire: string): readonly JsonRecord[] =>
  frames(wire).flatMap((data) => {
    const chunk = parse(data);
    return chunk === undefined ? [] : [chunk];
  });

/** What a client can tell, with thinking and tools shown. */
export function readWire(wire: string): Layer {
  const choices = chunks(wire).flatMap((chunk) => records(chunk.choices));
  const uses = new Map<string, string>();
  const results = new Map<string, string>();
  let text = '';
  for (const { delta, ...choice } of choices) {
    const said = isRecord(delta) ? delta : {};
    const content = `${said.reasoning_content ?? ''}${said.content ?? ''}`;
    const id = String(choice.x_agenticore_tool_use_id ?? '');
    if (choice.x_agenticore_event_type === 'tool_use') uses.set(id, (uses.get(id) ?? '') + content);
    else if (choice.x_agenticore_event_type === 'tool_result')
      results.set(id, (results.get(id) ?? '') + content);
    else if (choice.x_agenticore_parent_tool_use_id === undefined) text += String(said.content ?? '');
  }
  return {
    uses: [...uses].map(([id, input]) => ({ id, input })),
    results: [...results].map(([id, content]) => ({ id, text: content })),
    text: bare(text),
  };
}

/** What Claude wrote down itself. */
export const readDisk = (disk: string): Layer =>
  readSaid(lines(disk).filter(({ isSidechain }) => !isSidechain));

/** What the bus holds as evidence. */
export const readMessages = (messages: string): Layer =>
  readSaid(lines(messages).flatMap(({ message }) => (isRecord(message) ? [message] : [])));

/** Both are made of the messages of a model and the results of tools. */
function readSaid(said: readonly JsonRecord[]): Layer {
  const uses: ToolUse[] = [];
  const results: ToolResult[] = [];
  let text = '';
  for (const { type, message, parent_tool_use_id: parent } of said) {
    for (const block of isRecord(message) ? records(message.content) : []) {
      if (type === 'assistant' && block.type === 'tool_use')
        uses.push({ id: String(block.id), input: JSON.stringify(block.input) });
      if (type === 'user' && block.type === 'tool_result')
        results.push({ id: String(block.tool_use_id), text: JSON.stringify(block.content) });
      if (type === 'assistant' && block.type === 'text' && typeof parent !== 'string')
        text += String(block.text);
    }
  }
  return { uses, results, text: bare(text) };
}

/** The JSON objects of a text, one to a line; what is none is left out. */
export const lines = (text: string): readonly JsonRecord[] =>
  text.split('\n').flatMap((line) => {
    const value = parse(line);
    return value === undefined ? [] : [value];
  });

const bare = (text: string): string => text.replace(/\s+/g, '');

const records = (value: unknown): readonly JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

function parse(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
