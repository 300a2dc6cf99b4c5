// What a push would give away, to be looked through before it does.
import type { WorkFacts } from '../domain/guard.js';

export interface Work extends WorkFacts {
  /** The raw objects one after the other, never many in memory at once. Throws WORKSPACE_FAILED. */
  read(oids: readonly string[], signal: AbortSignal): AsyncIterable<WorkObject>;
  /** Which of these texts stand in a file of the base, and are no news to anybody. For a text of several lines its longest counts. */
  inBase(texts: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;
}

export interface WorkObject {
  readonly oid: string;
  readonly bytes: Uint8Array;
}
