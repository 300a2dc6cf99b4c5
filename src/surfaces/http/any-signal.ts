// One signal out of several, for as long as a request lasts. AbortSignal.any would leave something behind on the
// signals that live as long as the process.

/** Runs `body` with a signal that aborts as soon as one of `signals` does; lets go of them when `body` is done. */
export async function withAnySignal<T>(
  signals: readonly AbortSignal[],
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const any = new AbortController();
  const abort = (): void => any.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const signal of signals) {
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  }
  try {
    return await body(any.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
