// Reads the replies of Redis, whose types nobody vouches for. Anything unexpected is a bug and says what it was.

const unexpected = (wanted: string, reply: unknown): Error =>
  new Error(`Redis answered ${JSON.stringify(reply)?.slice(0, 200)} where ${wanted} was expected`);

/** A text; a number as its digits. */
export function asText(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'number') return String(reply);
  throw unexpected('a text', reply);
}

/** Undefined for nil. */
export const asOptionalText = (reply: unknown): string | undefined =>
  reply === null || reply === undefined ? undefined : asText(reply);

/** A number, also one that came as its digits. */
export function asNumber(reply: unknown): number {
  const number = typeof reply === 'string' ? Number(reply) : reply;
  if (typeof number === 'number' && !Number.isNaN(number)) return number;
  throw unexpected('a number', reply);
}

/** A list. */
export function asList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected('a list', reply);
}
