// The form of a transcript on disk: one line of JSON per message, its data as it came. The data is the last member
// and is cut out, never parsed, so that readers get the very bytes that claude wrote.

import { isCursor } from '../../../domain/cursor.js';
import type { FeedEntry } from '../../../ports/feed.js';
import type { TranscriptEntry } from '../../../ports/transcript-log.js';
import { openIfThere } from './line-reader.js';

export interface MessagePlace {
  readonly cursor: string;
  readonly attempt: number;
  readonly seq: number;
}

interface MessageLine extends MessagePlace {
  readonly kind: 'message' | 'delta';
  readonly type: string;
  readonly data: string;
}

/** Cannot occur earlier in a line: inside a JSON string its quotes would be escaped. */
const DATA = ',"data":';
const TAIL_BYTES = 128 * 1024;

/** The line of a message, with its newline. */
export function formatMessageLine(place: MessagePlace, { kind, type, data }: TranscriptEntry): string {
  const { cursor, attempt, seq } = place;
  return `${JSON.stringify({ cursor, attempt, seq, kind, type }).slice(0, -1)}${DATA}${data}}\n`;
}

/** The line, or undefined when it is none. */
function parseMessageLine(text: string): MessageLine | undefined {
  const at = text.indexOf(DATA);
  if (at === -1 || !text.endsWith('}')) return undefined;
  try {
    const head: Omit<MessageLine, 'data'> = JSON.parse(`${text.slice(0, at)}}`);
    return isCursor(head.cursor) ? { ...head, data: text.slice(at + DATA.length, -1) } : undefined;
  } catch {
    return undefined;
  }
}

/** A line as readers of the feed get it; nothing when it cannot be read. */
export function messageEntries(text: string): FeedEntry[] {
  const line = parseMessageLine(text);
  if (line === undefined) return [];
  const { cursor, kind, type, data } = line;
  return [{ cursor, kind, type, data }];
}

export interface MessageTail {
  /** Length of the whole lines; anything behind is a message whose writing was cut short. */
  readonly length: number;
  readonly last: MessagePlace | undefined;
}

/** Finds the last message without reading the file from its start. A file that is not there is empty. */
export async function readMessageTail(path: string): Promise<MessageTail> {
  const file = await openIfThere(path);
  if (file === undefined) return { length: 0, last: undefined };
  try {
    const { size } = await file.stat();
    for (let wanted = TAIL_BYTES; ; wanted *= 4) {
      const from = Math.max(0, size - wanted);
      const bytes = Buffer.alloc(size - from);
      await file.read(bytes, 0, bytes.length, from);
      const last = lastMessage(bytes, from === 0);
      if (last !== undefined || from === 0) return { length: from + bytes.lastIndexOf('\n') + 1, last };
    }
  } finally {
    await file.close();
  }
}

function lastMessage(bytes: Buffer, fromStart: boolean): MessagePlace | undefined {
  for (let end = bytes.lastIndexOf('\n'); end !== -1; ) {
    const before = end === 0 ? -1 : bytes.lastIndexOf('\n', end - 1);
    if (before === -1 && !fromStart) return undefined; // its beginning is further up
    const line = parseMessageLine(bytes.toString('utf8', before + 1, end));
    if (line !== undefined) return line;
    end = before;
  }
  return undefined;
}
