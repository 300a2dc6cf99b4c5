// Waiting on facts: tests never sleep for a fixed time, they ask until it is so.
const FIRST_PAUSE_MS = 5;
/** What takes long is asked for less often: probes cost the processes they wait for. */
const LAST_PAUSE_MS = 50;

type Answer<T> = T | undefined | false;

/**
 * Asks `probe` until it answers something else than undefined or false, and resolves with that. A probe that throws
 * counts as "not yet". After `deadlineMs` it rejects with `what`, the last answer and the last error.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<Answer<T>> | Answer<T>,
  deadlineMs = 45_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) break;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const reason = last instanceof Error ? `last error: ${last.message}` : `last answer: ${String(last)}`;
  throw new Error(`not within ${deadlineMs} ms: ${what} (${reason})`, { cause: last });
}
