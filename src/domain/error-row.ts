// What the table of errors says of each code.
import type { OutcomeClass } from './outcomes.js';

export interface ErrorRow {
  readonly status: number;
  readonly outcome: OutcomeClass;
  /** What happened and what to do about it; used when the thrower has nothing more precise to say. */
  readonly message: string;
}

export const row = (status: number, outcome: OutcomeClass, message: string) => ({ status, outcome, message });
