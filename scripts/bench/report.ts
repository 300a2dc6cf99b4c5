// What each benchmark answers with.

/** What a benchmark says: how it measured, and named figures. */
export interface Report {
  readonly method: readonly string[];
  readonly figures: Readonly<Record<string, number | string>>;
}
