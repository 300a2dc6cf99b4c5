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
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const sorted = sortedCopy(value);
  if (sorted !== undefined) return JSON.stringify(sorted);
  const members: Readonly<Record<string, unknown>> = { ...value };
  let json = '';
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member !== undefined)
      json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${json}}`;
}

/**
 * A copy whose members JSON.stringify, which is much faster, writes in the right order. Undefined for values with members
 * that are objects themselves, or whose names look like numbers: those come first in every object.
 */
function sortedCopy(value: object): object | undefined {
  const members: Readonly<Record<string, unknown>> = { ...value };
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if ((typeof member === 'object' && member !== null) || /^\d+$/.test(key)) return undefined;
    copy[key] = member;
  }
  return copy;
}

/** Numbers and links events behind a ledger that ends at `version` with hash `head`. */
export function chainEvents(
  events: readonly JobEvent[],
  tail: { readonly version: number; readonly head: string },
  hash: Hash,
): { readonly records: readonly LedgerRecord[]; readonly head: string } {
  let { version, head } = tail;
  const records = events.map((event) => {
    version += 1;
    const record: LedgerRecord = { version, prev: head, ...event };
    head = hash(canonicalJson(record));
    return record;
  });
  return { records, head };
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
