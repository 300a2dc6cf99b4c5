// Hash chains over ledger and transcript: each record names the hash of the one before, so that a deleted, edited
// or cut-off entry is seen. The hash function is a parameter; canonical JSON makes the same value the same bytes.
import type { JobEvent } from './job-event.js';

/** SHA-256 of UTF-8 text as lower-case hex. */
export type Hash = (text: string) => string;

/** Messages above this size (bytes of JSON) are kept aside whole; the feed carries a preview and an href. */
export const INLINE_LIMIT_BYTES = 64 * 1024;

/** What the first record of a ledger names as its predecessor. */
export const GENESIS = '0'.repeat(64);

/** An event as it stands in the ledger. */
export type LedgerRecord = { readonly version: number; readonly prev: string } & JobEvent;

/** The event as it was before it got its place in the chain: what `evolve` must see. */
export function eventOf({ version: _version, prev: _prev, ...event }: LedgerRecord): JobEvent {
  return event;
}

/** JSON with sorted keys and no spaces; undefined members are left out, as JSON.stringify does. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const copy = sorted(value);
  return copy === undefined ? canonicalText(value) : JSON.stringify(copy);
}

/**
 * A copy whose members JSON.stringify, which is much faster than we are, writes in the right order. Undefined when one
 * may have a name that looks like a number: those come first in every object.
 */
function sorted(value: object): object | undefined {
  if (Array.isArray(value)) return sortedItems(value);
  const members = value as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    if (isDigit(name.charCodeAt(0))) return undefined;
    const member = members[name];
    const inOrder = typeof member === 'object' && member !== null ? sorted(member) : member;
    if (inOrder === undefined && member !== undefined) return undefined;
    copy[name] = inOrder;
  }
  return copy;
}

function sortedItems(items: readonly unknown[]): readonly unknown[] | undefined {
  const copy: unknown[] = [];
  for (const item of items) {
    const inOrder = typeof item === 'object' && item !== null ? sorted(item) : (item ?? null);
    if (inOrder === undefined) return undefined;
    copy.push(inOrder);
  }
  return copy;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalText(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members: Readonly<Record<string, unknown>> = { ...value };
  let json = '';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined)
      json += `${json === '' ? '' : ','}${JSON.stringify(name)}:${canonicalText(member)}`;
  }
  return `{${json}}`;
}

/**
 * Numbers and links events behind a ledger that ends at `version` with hash `head`. `lines` is the canonical JSON of the
 * records, which was hashed; their own members are in that order too, so that every bus writes the same text.
 */
export function chainEvents(
  events: readonly JobEvent[],
  tail: { readonly version: number; readonly head: string },
  hash: Hash,
): {
  readonly records: readonly LedgerRecord[];
  readonly lines: readonly string[];
  /** Hash of the last record; worked out when asked for. */
  readonly head: () => string;
} {
  const records: LedgerRecord[] = [];
  const lines: string[] = [];
  let last: string | undefined;
  for (const event of events) {
    const prev = last === undefined ? tail.head : hash(last);
    const { record, line } = link(event, tail.version + records.length + 1, prev);
    records.push(record);
    lines.push(line);
    last = line;
  }
  return { records, lines, head: () => (last === undefined ? tail.head : hash(last)) };
}

function link(
  event: JobEvent,
  version: number,
  prev: string,
): { readonly record: LedgerRecord; readonly line: string } {
  const record: LedgerRecord = { version, prev, ...event };
  const copy = sorted(record) as LedgerRecord | undefined;
  if (copy !== undefined) return { record: copy, line: JSON.stringify(copy) };
  const line = canonicalText(record);
  return { record: JSON.parse(line), line };
}

/** The canonical JSON of a record before and behind the hash that it names, for whoever will know that hash. */
export function aroundPrev(event: JobEvent, version: number): readonly [string, string] {
  const { line } = link(event, version, GENESIS);
  const at = line.indexOf(`"prev":"${GENESIS}"`) + '"prev":"'.length; // within a text its quotes would be escaped
  return [line.slice(0, at), line.slice(at + GENESIS.length)];
}

/** The version of the first record that does not fit its predecessor, or undefined when the chain is whole. */
export function firstBreak(records: readonly LedgerRecord[], hash: Hash): number | undefined {
  let head = GENESIS;
  for (const [index, record] of records.entries()) {
    if (record.version !== index + 1 || record.prev !== head) return index + 1;
    head = hash(canonicalJson(record));
  }
  return undefined;
}
