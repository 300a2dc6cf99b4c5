// The three layers in one form: what was thought and said, which tools were called, what came back, in order.
import { canonicalJson } from '../../src/domain/evidence.js';
import { isRecord, type JsonRecord } from '../../src/domain/json-record.js';

/** What the main agent said in one go, or one call of a tool, or its result. */
export interface Said {
  readonly kind: 'thinking' | 'text' | 'tool_use' | 'tool_result';
  /** Of the tool call; '' for words. */
  readonly id: string;
  /** Words without white space around them; input as canonical JSON; a result as text. */
  readonly content: string;
}

/** What one layer knows of the turn; words that follow on words of the same kind are one. */
export type Layer = readonly Said[];

const BLANK_LINE = '\n\n';

/** The data of the frames of a stream, in order: chunks, or `[DONE]`. */
export const frames = (wire: string): readonly string[] =>
  wire
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length));

/** The chunks among them. */
export const chunks = (wire: string): readonly JsonRecord[] => frames(wire).flatMap(parseLine);

/** What a client can tell, with thinking and tools shown. */
export function readWire(wire: string): Layer {
  const pieces = chunks(wire).flatMap((chunk) => records(chunk.choices).flatMap(pieceOf));
  return joined(pieces, '').map((said) => (said.id === '' ? said : { ...said, content: unfenced(said) }));
}

function pieceOf({ delta, ...choice }: JsonRecord): readonly Said[] {
  const said = isRecord(delta) ? delta : {};
  const content = `${said.reasoning_content ?? ''}${said.content ?? ''}`;
  const { x_agenticore_event_type: type, x_agenticore_parent_tool_use_id: parent } = choice;
  if (content === '' || parent !== undefined) return [];
  const isTool = type === 'tool_use' || type === 'tool_result';
  const id = isTool ? String(choice.x_agenticore_tool_use_id) : '';
  return [{ kind: isTool || type === 'thinking' ? type : 'text', id, content }];
}

/** What stands in the block of a tool; invisible characters that keep tags from being any are taken out. */
function unfenced({ kind, content }: Said): string {
  const body = /^\n(`{3,})[^\n]*\n([\s\S]*?)\n?\1\n$/.exec(content)?.[2] ?? content;
  return kind === 'tool_use' ? canonical(body) : plain(body);
}

/** What Claude wrote down itself. */
export const readDisk = (disk: string): Layer =>
  readSaid(lines(disk).filter(({ isSidechain }) => isSidechain !== true));

/** What the bus holds as evidence. */
export const readMessages = (messages: string): Layer =>
  readSaid(lines(messages).flatMap(({ message }) => (isRecord(message) ? [message] : [])));

/** Both are made of the messages of a model and the results of tools. */
function readSaid(said: readonly JsonRecord[]): Layer {
  const pieces = said
    .filter(({ parent_tool_use_id: parent }) => typeof parent !== 'string')
    .flatMap(({ type, message }) =>
      (isRecord(message) ? records(message.content) : []).flatMap((block) => blockOf(type, block)),
    );
  return joined(pieces, BLANK_LINE);
}

function blockOf(from: unknown, block: JsonRecord): readonly Said[] {
  const { type } = block;
  if (from === 'user' && type === 'tool_result')
    return [{ kind: type, id: String(block.tool_use_id), content: plain(textOf(block.content)) }];
  if (from !== 'assistant') return [];
  if (type === 'tool_use') return [{ kind: type, id: String(block.id), content: canonicalJson(block.input) }];
  const words = type === 'text' ? block.text : type === 'thinking' ? block.thinking : '';
  return words === '' || (type !== 'text' && type !== 'thinking')
    ? []
    : [{ kind: type, id: '', content: String(words) }];
}

/** What a tool said, as text. */
const textOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : records(content)
        .map((part) => (typeof part.text === 'string' ? part.text : `[${String(part.type)}]`))
        .join('\n');

/** Pieces of the same, one behind the other, are one. */
function joined(pieces: readonly Said[], between: string): Layer {
  const all: Said[] = [];
  for (const piece of pieces) {
    const last = all.at(-1);
    if (last?.kind !== piece.kind || last.id !== piece.id || (between !== '' && piece.id !== ''))
      all.push(piece);
    else all[all.length - 1] = { ...piece, content: last.content + between + piece.content };
  }
  return all.map((said) => (said.id === '' ? { ...said, content: said.content.trim() } : said));
}

/** The JSON objects of a text, one to a line; what is none is left out. */
export const lines = (text: string): readonly JsonRecord[] => text.split('\n').flatMap(parseLine);

/** The number of the first line, from 1, that is neither a JSON object nor empty. */
export function foreignLine(text: string): number | undefined {
  const at = text.split('\n').findIndex((line) => line !== '' && parseLine(line).length === 0);
  return at === -1 ? undefined : at + 1;
}

const plain = (text: string): string => text.replaceAll('\u200b', '').replace(/\n$/, '');

const records = (value: unknown): readonly JsonRecord[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

function canonical(json: string): string {
  try {
    return canonicalJson(JSON.parse(json));
  } catch {
    return json;
  }
}

function parseLine(text: string): readonly JsonRecord[] {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}
