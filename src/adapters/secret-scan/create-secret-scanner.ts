// Finds secrets by their form, and the server's own by their value, a piece of the content at a time.
import { setImmediate } from 'node:timers/promises';
import { MANY_SECRETS } from '../../domain/guard.js';
import type { FoundSecret, SecretScanner } from '../../ports/secret-scanner.js';

/** The rules run over so much at a time; then the process gets to do something else. */
const WINDOW_BYTES = 64 * 1024;
/** More than the longest secret that a rule knows, a private key of 10,000 characters. */
const OVERLAP_BYTES = 12 * 1024;
const LINE_BREAK = 0x0a;

/** A short value or a mere word is no secret: work that says `production` could never be pushed. */
const TELLS_NOTHING = /^(.{0,7}|[a-z]{0,15})$/is;
/** Rules may report the beginning only: the secret goes on to the end of the word. */
const REST_OF_WORD = /[^\s"'`<>]{0,300}/y;

/** `ownSecrets`: those of this moment, each in all the ways in which it may be written; another list when it changes. */
export function createSecretScanner(ownSecrets: () => readonly string[]): SecretScanner {
  const own = bytesOf(ownSecrets);
  return {
    async scan(given, ownOnly, signal) {
      const { bytes, isBinary } = readable(given);
      const lineAt = isBinary ? () => undefined : lineCounter(bytes);
      const found = own()
        .map(({ text, bytes: secret }) => ({ text, at: bytes.indexOf(secret) }))
        .filter(({ at }) => at >= 0)
        .map(({ text, at }) => ({ isOwn: true, what: 'a secret of this server', line: lineAt(at), text }));
      return ownOnly ? found : [...found, ...(await scanByForm(bytes, lineAt, signal))];
    },
  };
}

interface OwnSecret {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Made anew only for another list: there are many contents to look through, and seldom a new secret. */
function bytesOf(secrets: () => readonly string[]): () => readonly OwnSecret[] {
  let list: readonly string[] | undefined;
  let own: readonly OwnSecret[] = [];
  return () => {
    if (list !== secrets()) {
      list = secrets();
      own = list
        .filter((text) => !TELLS_NOTHING.test(text))
        .map((text) => ({ text, bytes: Buffer.from(text) }));
    }
    return own;
  };
}

/** UTF-16, and the strings in a program, are text once the zero bytes between are gone. */
function readable(given: Uint8Array): { readonly bytes: Buffer; readonly isBinary: boolean } {
  const isBinary = given.includes(0);
  return { bytes: Buffer.from(isBinary ? given.filter((byte) => byte !== 0) : given), isBinary };
}

async function scanByForm(
  bytes: Buffer,
  lineAt: (offset: number) => number | undefined,
  signal: AbortSignal,
): Promise<readonly FoundSecret[]> {
  // Loaded by the first work that is guarded: a megabyte of rules, which most commands never need.
  const { runRules } = await import('./run-rules.js');
  const found = new Map<string, FoundSecret>();
  for (let start = 0; found.size <= MANY_SECRETS; start += WINDOW_BYTES - OVERLAP_BYTES) {
    signal.throwIfAborted();
    const window = bytes.subarray(start, start + WINDOW_BYTES);
    const content = asciiOf(window);
    for (const { kind, from, to } of await runRules(content)) {
      REST_OF_WORD.lastIndex = to;
      const rest = REST_OF_WORD.exec(content)?.[0] ?? '';
      const text = window.subarray(from, to + rest.length).toString();
      if (found.has(text)) continue;
      found.set(text, { isOwn: false, what: `a secret (${kind})`, line: lineAt(start + from), text });
    }
    if (start + WINDOW_BYTES >= bytes.length) break;
    await setImmediate();
  }
  return [...found.values()];
}

/**
 * One character for each byte, so that a place in the one is a place in the other. What is not ASCII becomes a sign: a
 * letter before a secret would hide it from the rules.
 */
const asciiOf = (bytes: Buffer): string => bytes.toString('latin1').replace(/[\x80-\xff]/g, '\ufffd');

/** Line numbers; asked for rising offsets, it counts each line break once. */
function lineCounter(bytes: Buffer): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    if (offset < counted) [line, counted] = [1, 0];
    for (; counted < offset; counted += 1) if (bytes[counted] === LINE_BREAK) line += 1;
    return line;
  };
}
