// A tool call in one line: the one input that says what it does.

import { type JsonObject, objectAt, objectsAt, textAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  /** What an edit takes out and puts in, without the lines that stay. */
  readonly edit?: LineEdit;
}

export interface LineEdit {
  readonly removed: readonly string[];
  readonly added: readonly string[];
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
  const input = objectAt(block, 'input') ?? {};
  const before = textAt(input, 'old_string');
  const after = textAt(input, 'new_string');
  return {
    id: textAt(block, 'id') ?? '',
    name,
    summary: inputInWords(name, input, workspace),
    ...(before === undefined || after === undefined ? {} : { edit: lineEdit(before, after) }),
  };
}

function lineEdit(before: string, after: string): LineEdit {
  const removed = linesOf(before);
  const added = linesOf(after);
  const shorter = Math.min(removed.length, added.length);
  let head = 0;
  while (head < shorter && removed[head] === added[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && removed.at(-1 - tail) === added.at(-1 - tail)) tail += 1;
  return {
    removed: removed.slice(head, removed.length - tail),
    added: added.slice(head, added.length - tail),
  };
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

/** Paths as they are seen from the workspace. */
export const fromWorkspace = (text: string, workspace: string): string =>
  workspace === '' ? text : text.replaceAll(`${workspace}/`, '');

function inputInWords(name: string, input: JsonObject, workspace: string): string {
  const telling = (TELLING[name] ?? []).map((key) => textAt(input, key)).find((value) => value !== undefined);
  const words = telling ?? (name === 'TodoWrite' ? todos(input) : withoutBraces(input));
  const line = oneLine(fromWorkspace(words, workspace).slice(0, 4 * MOST_CHARACTERS));
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line;
}

const todos = (input: JsonObject): string =>
  objectsAt(input, 'todos')
    .map((item) => textAt(item, 'content') ?? '')
    .join(' · ');

const withoutBraces = (input: JsonObject): string =>
  Object.entries(input)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
