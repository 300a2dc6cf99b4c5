// Doing something for so long at most. AbortSignal.any would not do: it holds no signal of AbortSignal.timeout, whose time
// then never comes once garbage has been collected (Node 20).

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Does `work` with a signal that aborts as `signal` does, or with a TimeoutError once `ms` milliseconds have passed. */
export async function withinTime<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const stop = (): void => either.abort(signal.reason);
  const late = (): void =>
    either.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  const timer = setTimeout(late, Math.min(ms, MAX_TIMER_MS)).unref();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await work(either.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
