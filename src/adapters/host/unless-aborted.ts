// Waiting for what does not look at a signal itself.

/** What is awaited; rejects with the signal's reason when that comes first. */
export function unlessAborted<T>(signal: AbortSignal, awaited: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    awaited.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
