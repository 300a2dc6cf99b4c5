// What Claude wrote down itself, next to what the transcript holds: its session file must have each message of the
// attempt, with the same blocks and in the same order, and no others between them. Secrets are taken out of the
// transcript, but not out of Claude's file: where one stood, anything may stand there.
import { canonicalJson } from './evidence.js';
import { isRecord, type JsonRecord } from './json-record.js';

/** A message of the transcript, with the name by which a reader finds it. */
export interface HeardMessage {
  readonly attempt: number;
  readonly name: string;
  /** As claude said it, secrets taken out. */
  readonly message: JsonRecord;
}

export interface SessionRecord {
  /** A sentence about what is wrong with the next message of the transcript; undefined when Claude has it too. */
  take(heard: HeardMessage): string | undefined;
  /** The same about what only Claude has, in the turns in which these messages were said. */
  rest(): string | undefined;
  /** How many messages were compared. */
  compared(): number;
}

/** What follows what in a session file. */
export interface Lineage {
  /** The next line of the file. */
  take(line: string): void;
  /** True when the message of this name was among the lines and, back to the first, each one that it follows. */
  holdsUpTo(uuid: string): boolean;
}

/**
 * Claude goes on without what it could not write (a full disk), and leaves off in the middle when it is killed: a session
 * that is taken up again would lack it, unnoticed.
 */
export function createLineage(): Lineage {
  const parents = new Map<unknown, unknown>();
  return {
    take(line) {
      const { uuid: name, parentUuid: parent } = parse(line) ?? {};
      if (typeof name === 'string') parents.set(name, parent);
    },
    holdsUpTo(uuid) {
      const left = new Map(parents);
      let at: unknown = uuid;
      while (left.has(at)) {
        const parent = left.get(at);
        left.delete(at); // a ring has no first
        at = parent;
      }
      return at === null || at === undefined;
    },
  };
}

interface Line {
  /** From 1. */
  readonly at: number;
  readonly uuid: string;
  readonly parent: unknown;
  /** What it says; undefined for what opens a turn, or is no business of the transcript. */
  readonly said: string | undefined;
  readonly opensTurn: boolean;
}

const MARK = '[redacted]';
const SYNTHETIC = '<synthetic>';

/** The record in a session file. A last line that is cut short is left out. */
export function openSessionRecord(text: string): SessionRecord {
  const lines = linesOf(text);
  const byUuid = new Map(lines.map((line, index) => [line.uuid, index] as const));
  const matched = new Set<number>();
  let last = -1;
  let fault = orderFault(lines);
  let compared = 0;

  return {
    take({ name, message }) {
      if (fault !== undefined) return fault;
      const said = saidBy(message, isRecord(message.error) || typeof message.error === 'string');
      // What a sub-agent says is in a file of its own.
      if (said === undefined || typeof message.parent_tool_use_id === 'string') return undefined;
      compared += 1;
      const index = byUuid.get(String(message.uuid));
      const line = index === undefined ? undefined : lines[index];
      if (index === undefined || line === undefined)
        fault = `message ${name} is not in Claude's session file`;
      else if (line.said === undefined || !saysSame(said, line.said))
        fault = `line ${line.at} of Claude's session file says something else than message ${name}`;
      else if (index <= last) fault = `line ${line.at} of Claude's session file is out of order`;
      else {
        last = index;
        matched.add(index);
      }
      return fault;
    },
    rest() {
      if (fault !== undefined) return fault;
      let isOurs = false;
      for (const [index, line] of lines.entries()) {
        if (line.opensTurn) isOurs = false;
        if (matched.has(index)) isOurs = true;
        else if (isOurs && line.said !== undefined)
          return `line ${line.at} of Claude's session file is not in the transcript`;
      }
      return undefined;
    },
    compared: () => compared,
  };
}

function linesOf(text: string): readonly Line[] {
  return text.split('\n').flatMap((line, index) => {
    const value = parse(line);
    if (value === undefined || typeof value.uuid !== 'string') return [];
    const { uuid, parentUuid: parent, type, isSidechain, isApiErrorMessage, isMeta } = value;
    if (isSidechain === true) return [];
    const said = saidBy(value, isApiErrorMessage === true);
    const opensTurn = type === 'user' && said === undefined && isMeta !== true;
    return [{ at: index + 1, uuid, parent, said, opensTurn }];
  });
}

/** Each line names the one that it follows; of a session that was copied or made shorter that may not be there. */
function orderFault(lines: readonly Line[]): string | undefined {
  const before = new Set<unknown>();
  const all = new Set<unknown>(lines.map(({ uuid }) => uuid));
  for (const { at, uuid, parent } of lines) {
    if (before.has(uuid)) return `line ${at} of Claude's session file is there twice`;
    if (all.has(parent) && !before.has(parent))
      return `line ${at} of Claude's session file stands before the one that it follows`;
    before.add(uuid);
  }
  return undefined;
}

/** What a message says, in a form that can be compared; undefined when it is neither Claude's nor a tool's. */
function saidBy({ type, message }: JsonRecord, isApiError: boolean): string | undefined {
  if (isApiError || !isRecord(message) || !Array.isArray(message.content)) return undefined;
  if (message.model === SYNTHETIC) return undefined; // what the program puts in itself when it takes a session up again
  const blocks = message.content.filter(isRecord);
  if (type === 'assistant') return canonicalJson(blocks.map(essence));
  const results = blocks.filter((block) => block.type === 'tool_result');
  return type === 'user' && results.length > 0 ? canonicalJson(results.map(essence)) : undefined;
}

/** The members of a block that mean something, so that new ones of another version do no harm. */
function essence(block: JsonRecord): JsonRecord {
  const { type, text, thinking, id, name, input, tool_use_id, content, is_error } = block;
  return { type, text, thinking, id, name, input, tool_use_id, content, is_error: is_error === true };
}

/** Whether a JSON text from which secrets were taken may have been this one. */
export function saysSame(redacted: string, original: string): boolean {
  const pieces = redacted.split(MARK);
  const end = pieces.pop() ?? '';
  if (pieces.length === 0) return end === original;
  let at = 0;
  for (const [index, piece] of pieces.entries()) {
    const found = index === 0 ? 0 : original.indexOf(piece, at + 1); // something stood there
    if (found === -1 || !original.startsWith(piece, found) || leavesString(original.slice(at, found)))
      return false;
    at = found + piece.length;
  }
  const last = original.length - end.length;
  return at < last && original.endsWith(end) && !leavesString(original.slice(at, last));
}

/** A secret is within a string of the JSON, whose end is a quote that no backslash precedes. */
const leavesString = (text: string): boolean => text.replace(/\\./g, '').includes('"');

function parse(line: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
