// Jobs that used up their attempts: a pile for people, who mend the cause and requeue, or drop. Letters are put and
// taken away by the transitions of the event log; here they are read.
import type { ErrorCode } from '../domain/errors.js';

export interface DeadLetter {
  readonly jobId: string;
  /** When the job failed, in epoch milliseconds. */
  readonly at: number;
  readonly code: ErrorCode;
  readonly error: string;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Pass as `after` to get the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** Every method throws BUS_UNREACHABLE when the bus does not answer. */
export interface DeadLetters {
  /** Up to `limit` letters, oldest first. */
  list(limit: number, after?: string): Promise<DeadLetterPage>;
  count(): Promise<number>;
}
