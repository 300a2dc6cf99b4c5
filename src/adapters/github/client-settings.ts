// What the clients of GitHub's API have in common.

/** A hiccup of GitHub's must not cost an attempt its work. */
export const RETRIES = 2;
/** What went wrong is told by whoever asked. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
