// What GitHub answered, out of the errors of its client library.

/** The HTTP status of a refused request; undefined for anything else. Where nothing answered it is 500. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
