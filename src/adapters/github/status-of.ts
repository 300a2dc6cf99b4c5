// What GitHub answered, out of the errors of its client library.

/** The HTTP status of a refused request; undefined for anything else. Where nothing answered it is 500. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;

/** True for an answer, of GitHub or of a proxy, that may be another one later although nobody has mended anything. */
export const mayPass = (status: number): boolean => status >= 500 || status === 408 || status === 429;
