// A tool call in one line: the one input that says what it does.

import { type JsonObject, objectAt, textAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
}

/** For tools that are known, the inputs that tell most, first one present wins. */
const TELLING: Readonly<Record<string, readonly string[]>> = {
  Bash: ['command'],
  Read: ['file_path'],
  Write: ['file_path'],
  Edit: ['file_path'],
  MultiEdit: ['file_path'],
  NotebookEdit: ['notebook_path'],
  Glob: ['pattern'],
  Grep: ['pattern'],
  LS: ['path'],
  WebFetch: ['url'],
  WebSearch: ['query'],
  Task: ['description', 'prompt'],
  Agent: ['description', 'prompt'],
  Skill: ['skill', 'command'],
  TaskOutput: ['task_id'],
};

/** Longer summaries help nobody and a line has an end. */
const MOST_CHARACTERS = 500;

/** `workspace` is taken off the front of paths; '' when it is not known. */
export function summariseTool(block: JsonObject, workspace: string): ToolCall {
  const name = oneLine(textAt(block, 'name') ?? 'tool');
  return {
    id: textAt(block, 'id') ?? '',
    name,
    summary: inputInWords(name, objectAt(block, 'input') ?? {}, workspace),
  };
}

function inputInWords(name: string, input: JsonObject, workspace: string): string {
  const telling = (TELLING[name] ?? []).map((key) => textAt(input, key)).find((value) => value !== undefined);
  const words = telling ?? (name === 'TodoWrite' ? todos(input) : withoutBraces(input));
  const near = workspace === '' ? words : words.replaceAll(`${workspace}/`, '');
  const line = oneLine(near.slice(0, 4 * MOST_CHARACTERS));
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
}

function todos(input: JsonObject): string {
  const items = Array.isArray(input.todos) ? input.todos : [];
  const contents = items.map((item: unknown) =>
    typeof item === 'object' && item !== null ? textAt({ ...item }, 'content') : undefined,
  );
  return contents.filter((content) => content !== undefined).join(' · ');
}

const withoutBraces = (input: JsonObject): string =>
  Object.entries(input)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
