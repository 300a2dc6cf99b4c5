// Keeps the latest requests for tests to look at, within bounds: a benchmark may run for hours.
import type { IncomingHttpHeaders } from 'node:http';

export type RecordedRequest = {
  readonly method: string;
  readonly path: string; // without the query
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown; // parsed JSON; the text where it is none; undefined without a body
  readonly at: number; // epoch ms
};

const maxRequests = 1000;
const maxBytes = 128 * 1024 * 1024; // of bodies as they came

/** A list, oldest first, and the function that adds to it; what came first goes first. The last one always stays. */
export function recordRequests() {
  const requests: RecordedRequest[] = [];
  const sizes: number[] = [];
  let bytes = 0;
  function record(request: RecordedRequest, size: number): void {
    requests.push(request);
    sizes.push(size);
    bytes += size;
    while (requests.length > maxRequests || (bytes > maxBytes && requests.length > 1)) {
      requests.shift();
      bytes -= sizes.shift() ?? 0;
    }
  }
  return { requests, record };
}
