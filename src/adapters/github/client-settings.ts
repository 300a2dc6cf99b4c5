// What the clients of GitHub's API have in common.

/** `fetch`, as far as these use it. */
export type ApiFetch = (url: string, init?: RequestInit) => Promise<Response>;

/** A hiccup of GitHub's must not cost an attempt its work. */
export const RETRIES = 2;
/** What went wrong is told by whoever asked. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** Lets a client make its requests by this; undefined: by Node's own. */
export const fetchedBy = (
  fetch: ApiFetch | undefined,
): { readonly request?: { readonly fetch: ApiFetch } } => (fetch === undefined ? {} : { request: { fetch } });
