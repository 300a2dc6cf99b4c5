// Reads lines with their places, from any byte to any byte, holding no more of the file than one piece and one line.
import { type FileHandle, open } from 'node:fs/promises';
import { hasCode } from '../../host/system-error.js';

const PIECE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface PlacedLine {
  readonly text: string;
  /** Byte behind the line's newline. */
  readonly end: number;
}

/** Opens a file for reading; undefined when it is not there. */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whole lines of the file between two bytes; the first byte must begin a line. A file that is not there has none. */
export async function* readLines(path: string, from: number, to: number): AsyncGenerator<PlacedLine> {
  if (from >= to) return;
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    let rest: Buffer[] = [];
    for (let at = from; at < to; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) return;
      const bytes = piece.subarray(0, bytesRead);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        const line = Buffer.concat([...rest, bytes.subarray(start, end)]);
        rest = [];
        start = end + 1;
        yield { text: line.toString('utf8'), end: at + start };
      }
      if (start < bytes.length) rest.push(bytes.subarray(start));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
