// Lines out of pieces of bytes, holding no more than one line; nothing but a line feed ends one.

/** More than any line of an export can have; what has none is no export. */
const MOST_BYTES = 512 * 1024 * 1024 - 1024;
const LINE_FEED = 0x0a;

/** The lines of the pieces, the last one also without its line feed. */
export async function* textLines(pieces: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const encoder = new TextEncoder();
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const chunk = typeof piece === 'string' ? encoder.encode(piece) : piece;
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      held.push(chunk.subarray(start, end));
      yield textOf(held);
      held = [];
      bytes = 0;
      start = end + 1;
    }
    // A copy: whoever gave the piece may use its memory again.
    if (start < chunk.length) held.push(chunk.slice(start));
    bytes += chunk.length - start;
    if (bytes > MOST_BYTES) return; // the reader sees a torn end
  }
  if (held.length > 0) yield textOf(held);
}

function textOf(pieces: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
}
