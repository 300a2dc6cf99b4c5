// Runs the Lua scripts beside this file: by their hash, and by their text where Redis does not know them (yet, or not
// any more after a restart).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

const NAMES = [
  'ack',
  'append',
  'ask-to-drain',
  'beat',
  'begin-visit',
  'call-off',
  'depth',
  'drop-upkeep',
  'due',
  'end-turn',
  'end-visit',
  'extend',
  'extend-direct',
  'extend-turn',
  'feed',
  'fleet',
  'follow',
  'forget-consumers',
  'lane',
  'lapsed',
  'leave',
  'mend',
  'page',
  'pass',
  'pending',
  'promote',
  'put-off',
  'reclaim',
  'reconcile',
  'release',
  'remove',
  'replace-grant',
  'roster',
  'served',
  'settle',
  'stage',
  'steal',
  'stray',
  'take-callbacks',
  'take-turn',
  'tally',
  'transcript',
  'trim',
  'trip',
  'upkeep-due',
  'wait',
] as const;

export type ScriptName = (typeof NAMES)[number];

export interface Script {
  readonly text: string;
  readonly sha: string;
}

const scripts = new Map<ScriptName, Script>();

function script(name: ScriptName): Script {
  let found = scripts.get(name);
  if (found === undefined) {
    found = scriptOf(withIncludes(source(name)));
    scripts.set(name, found);
  }
  return found;
}

const scriptOf = (text: string): Script => ({
  text,
  sha: createHash('sha1').update(text).digest('hex'),
});

export type Constants = Readonly<Record<string, string | number>>;

/**
 * A script into which its constants are written, wherever it says `K.<name>`: what is the same in all calls need not be
 * sent, and taken in, each time; and no function has to carry it. Throws when it wants one that is not there.
 */
export function withConstants(name: ScriptName, constants: Constants): Script {
  const written = (_all: string, constant: string): string => {
    const value = constants[constant];
    if (value === undefined) throw new Error(`${name}.lua wants a constant ${constant}`);
    return literal(value);
  };
  return scriptOf(withIncludes(source(name)).replace(/\bK\.(\w+)/g, written));
}

function literal(value: Constants[string]): string {
  if (typeof value === 'number') return String(value);
  const escaped = [...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`);
  return /^[\w:{}-]*$/.test(value) ? `'${value}'` : `'${escaped.join('')}'`;
}

const source = (name: string): string =>
  readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');

/** Redis cannot load one script from another: what several share is put in where they say `-- @include <name>`. */
const withIncludes = (text: string): string =>
  text.replace(/^-- @include ([\w-]+)$/gm, (_line, name: string) => source(name));

/** Runs a script; resolves with its reply as Redis gave it. The header of each script says what to pass. */
export async function runScript(
  redis: Redis,
  which: ScriptName | Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[] = [],
): Promise<unknown> {
  const { text, sha } = typeof which === 'string' ? script(which) : which;
  try {
    return await redis.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return redis.eval(text, keys.length, ...keys, ...args);
  }
}
