// Waiting on facts: tests never sleep for a fixed time, they ask until it is so.
const FIRST_PAUSE_MS = 5;
const LATE = Symbol('the deadline');
/** What takes long is asked for less often: probes cost the processes they wait for. */
const LAST_PAUSE_MS = 50;

type Answer<T> = T | undefined | false;

/**
 * Asks `probe` until it answers something else than undefined or false, and resolves with that. A probe that throws
 * counts as "not yet". After `deadlineMs` it rejects with `what` and the last answer or error, also while a probe hangs.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<Answer<T>> | Answer<T>,
  deadlineMs = 45_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), deadlineMs);
  });
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
      try {
        const answer = await Promise.race([probe(), late]);
        if (answer === LATE) {
          last ??= new Error('none, the probe hangs');
          break;
        }
        if (answer !== undefined && answer !== false) return answer;
        last = answer;
      } catch (error) {
        last = error;
      }
      if (Date.now() > end) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } finally {
    clearTimeout(timer);
  }
  const reason = last instanceof Error ? `last error: ${last.message}` : `last answer: ${String(last)}`;
  throw new Error(`not within ${deadlineMs} ms: ${what} (${reason})`, { cause: last });
}
