// Views as a careless hand would change them.
import type { Redis } from 'ioredis';

const WORDS = ['status', 'attempt', 'cursor', 'entry'] as const;

/** Puts another word where the view at `key` has its status, attempt, cursor or entry ('-' for none). */
export async function editView(
  admin: Redis,
  key: string,
  name: (typeof WORDS)[number],
  word: string,
): Promise<void> {
  const words = ((await admin.get(key)) ?? '').split(' ');
  await admin.set(key, words.with(WORDS.indexOf(name), word).join(' '));
}
