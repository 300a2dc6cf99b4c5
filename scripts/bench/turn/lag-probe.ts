// Loaded into a server before it starts: notes when a stamped word of claude comes out of its pipe, and when it goes to a
// socket. What it noted stands in the file that AGENTICORE_TEST_LAGS names, once the server has left.
import { writeFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

const STAMP = /\d{13}\.\d{3}/g;
const notes: string[] = [];
const now = (): number => performance.timeOrigin + performance.now();

/** The words are in both places in clear: a line of JSON, a chunk of JSON. */
function note(kind: 'read' | 'sent', data: unknown): void {
  const at = now();
  const text = typeof data === 'string' ? data : Buffer.isBuffer(data) ? data.toString('latin1') : '';
  for (const [stamp] of text.matchAll(STAMP)) notes.push(`${kind} ${stamp} ${at}`);
}

const push = Readable.prototype.push;
Readable.prototype.push = function (this: Readable, chunk: unknown, encoding?: BufferEncoding): boolean {
  note('read', chunk);
  return push.call(this, chunk, encoding);
};

const write = ServerResponse.prototype.write;
ServerResponse.prototype.write = function (this: ServerResponse, ...args: unknown[]): boolean {
  const written = Reflect.apply(write, this, args) as boolean;
  note('sent', args[0]);
  return written;
} as typeof write;

process.once('exit', () => {
  const file = process.env.AGENTICORE_TEST_LAGS;
  if (file) writeFileSync(file, notes.join('\n'));
});
