// Turns the bytes of claude's stdout into messages. A foreign process may write half a line, no JSON at all, or a
// line of a gigabyte: each becomes data, and the memory held for it stays bounded.
import { createHash, type Hash } from 'node:crypto';
import { isRecord } from '../../../domain/json-record.js';
import type { AgentMessage } from '../../../ports/agent.js';

/** Longest line that is kept whole, bytes. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
/** How much of a longer line its substitute shows. */
const PREVIEW_BYTES = 4096;
/** A line that comes byte by byte would otherwise cost a hundred times its length in bookkeeping. */
const MERGE_AFTER_PARTS = 1024;

export interface LineReader {
  /** The messages that end within this chunk, in order. */
  push(chunk: Buffer): readonly AgentMessage[];
  /** What is left when the stream has ended without a newline. */
  end(): readonly AgentMessage[];
}

/** Reads newline-separated messages; lines above `maxLineBytes` become one `oversized` message each. */
export function createLineReader(maxLineBytes = MAX_LINE_BYTES): LineReader {
  let merged: Buffer[] = [];
  let parts: Buffer[] = [];
  let bytes = 0;
  let oversized: { readonly hash: Hash; readonly preview: Buffer } | undefined;

  function add(part: Buffer): void {
    if (part.length === 0) return;
    bytes += part.length;
    if (oversized) {
      oversized.hash.update(part);
      return;
    }
    parts.push(part);
    if (bytes > maxLineBytes) giveUp();
    else if (parts.length === MERGE_AFTER_PARTS) {
      merged.push(Buffer.concat(parts));
      parts = [];
    }
  }

  function giveUp(): void {
    const hash = createHash('sha256');
    const kept = [...merged, ...parts];
    for (const part of kept) hash.update(part);
    oversized = { hash, preview: firstBytes(kept) };
    merged = [];
    parts = [];
  }

  function finish(): readonly AgentMessage[] {
    const line = oversized
      ? substitute(oversized.preview, bytes, oversized.hash.digest('hex'))
      : parseLine(Buffer.concat([...merged, ...parts]));
    merged = [];
    parts = [];
    bytes = 0;
    oversized = undefined;
    return line === undefined ? [] : [line];
  }

  return {
    push(chunk) {
      const messages: AgentMessage[] = [];
      let start = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, at));
        messages.push(...finish());
        start = at + 1;
      }
      add(chunk.subarray(start));
      return messages;
    },
    end: finish,
  };
}

function firstBytes(parts: readonly Buffer[]): Buffer {
  const first: Buffer[] = [];
  let missing = PREVIEW_BYTES;
  for (const part of parts) {
    first.push(part.subarray(0, missing));
    missing -= Math.min(missing, part.length);
    if (missing === 0) break;
  }
  return Buffer.concat(first);
}

function substitute(preview: Buffer, bytes: number, sha256: string): AgentMessage {
  const text = preview.toString('utf8');
  // claude writes the type first: what the line was about is known even when it cannot be kept.
  const of = /^\s*\{"type":"(\w+)"/.exec(text)?.[1] ?? 'unknown';
  const message = { type: 'oversized', of, bytes, sha256, preview: text };
  return { type: 'oversized', message, line: JSON.stringify(message) };
}

/** The message of one line; undefined for a blank one. */
function parseLine(bytes: Buffer): AgentMessage | undefined {
  const line = bytes.toString('utf8').trim();
  if (line === '') return undefined;
  try {
    const message: unknown = JSON.parse(line);
    if (isRecord(message) && typeof message.type === 'string') return { type: message.type, message, line };
  } catch {
    // Falls through: a line that is no message is still something claude said.
  }
  const message = { type: 'unparsed', text: line };
  return { type: 'unparsed', message, line: JSON.stringify(message) };
}
