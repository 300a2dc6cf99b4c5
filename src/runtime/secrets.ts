// The secrets of this process: those that it was given, and those that it learns while it runs and that pass away.
import { createRedactor, formsOfAll, KEYS } from './redact.js';
import { createStreamRedactor, type StreamRedactor } from './redact-stream.js';

export interface Secrets {
  /** Takes them out of a text. */
  redact(text: string): string;
  /** Takes out of what claude is asked to do those that are certain: what only looks like one may be what it is about. */
  redactTask(text: string): string;
  /** For a text that comes in pieces; knows what is known when it begins. */
  openFlow(): StreamRedactor;
  /** All of them, each in all the ways in which it may be written; another list when there is one more. */
  spellings(): readonly string[];
  /** One more, which nobody can use any more after that time (epoch milliseconds). */
  learn(secret: string, expiresAt: number): void;
}

export function createSecrets(given: readonly string[], now: () => number = Date.now): Secrets {
  const learned = new Map<string, number>();
  let known = knowing(given);
  return {
    redact: (text) => known.redact(text),
    redactTask: (text) => known.redactTask(text),
    openFlow: () => createStreamRedactor(known.all),
    spellings: () => known.spellings,
    learn(secret, expiresAt) {
      for (const [old, end] of learned) if (end <= now()) learned.delete(old);
      learned.set(secret, expiresAt);
      known = knowing([...given, ...learned.keys()]);
    },
  };
}

const knowing = (all: readonly string[]) => ({
  all,
  redact: createRedactor(all),
  redactTask: createRedactor(all, KEYS),
  spellings: formsOfAll(all).map(({ text }) => text),
});
