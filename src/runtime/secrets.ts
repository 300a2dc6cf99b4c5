// The secrets of this process: those that it was given, and those that it learns while it runs and that pass away.
import { createRedactor, KEYS } from './redact.js';
import { createStreamRedactor, type StreamRedactor } from './redact-stream.js';

export interface Secrets {
  /** Takes them out of a text. */
  redact(text: string): string;
  /** Takes out of what claude is asked to do those that are certain: what only looks like one may be what it is about. */
  redactTask(text: string): string;
  /** For a text that comes in pieces; knows what is known when it begins. */
  openFlow(): StreamRedactor;
  /** One more, which nobody can use any more after that time (epoch milliseconds). */
  learn(secret: string, expiresAt: number): void;
}

export function createSecrets(given: readonly string[], now: () => number = Date.now): Secrets {
  const learned = new Map<string, number>();
  let all = given;
  let redact = createRedactor(all);
  let redactTask = createRedactor(all, KEYS);
  return {
    redact: (text) => redact(text),
    redactTask: (text) => redactTask(text),
    openFlow: () => createStreamRedactor(all),
    learn(secret, expiresAt) {
      for (const [old, end] of learned) if (end <= now()) learned.delete(old);
      learned.set(secret, expiresAt);
      all = [...given, ...learned.keys()];
      redact = createRedactor(all);
      redactTask = createRedactor(all, KEYS);
    },
  };
}
