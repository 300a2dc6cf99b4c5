// What of a turn a reader is shown, and the words by which callers change it.

export interface Visibility {
  readonly thinking: boolean;
  /** Tool calls and their results. */
  readonly tools: boolean;
  /** What Claude says before it calls a tool. */
  readonly narration: boolean;
  /** What Claude says last. */
  readonly final: boolean;
}

/** A plain client gets Claude's text, once. */
export const TEXT_ONLY: Visibility = { thinking: false, tools: false, narration: true, final: true };
