// How long a tool waits for a job: no longer than clients do, and not without a word.
import { withAnySignal } from '../http/any-signal.js';
import type { McpDeps } from './mcp-deps.js';
import { reportProgress } from './report-progress.js';
import type { ToolCall } from './shelf.js';

/** How long a tool waits unless told otherwise: clients give up at 60 seconds. */
export const USUAL_WAIT_S = 45;

/** Runs `wait` with a signal that aborts when it has waited long enough; meanwhile the client hears of the job. */
export async function waitForAnswer<T>(
  { bus, log, limits, closing }: McpDeps,
  { jobId, seconds }: { readonly jobId: string; readonly seconds: number },
  { over, calledOff, report }: ToolCall,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const enough = AbortSignal.timeout(Math.min(limits.maxWaitMs, seconds * 1000));
  const done = new AbortController();
  const news = report && reportProgress({ feed: bus.feed, log }, jobId, report, done.signal);
  try {
    return await withAnySignal([enough, over, calledOff, closing], wait);
  } finally {
    done.abort();
    await news;
  }
}
