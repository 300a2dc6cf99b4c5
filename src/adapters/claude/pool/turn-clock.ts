// How long a turn may take, counted from the moment it was asked for: waiting for a place and starting a process are
// part of it.
import { ERRORS } from '../../../domain/errors.js';
import type { Ending } from '../listen/judge.js';

export interface TurnClock {
  /** Aborts when the turn may not go on: it is stopped, or too late. */
  readonly signal: AbortSignal;
  /** Aborts when it is stopped; the driver of the turn keeps the time itself. */
  readonly stopped: AbortSignal;
  leftMs(): number;
  stop(reason: string): void;
  /** What the promise brings; undefined when the turn may not go on before that. */
  unlessOver<T>(promise: Promise<T>): Promise<T | undefined>;
  /** Why it may not go on. */
  ending(): Ending;
  /** The turn is over: nothing is watched any more. */
  end(): void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Starts to count. */
export function startTurnClock(timeoutMs: number, signal: AbortSignal): TurnClock {
  const deadline = performance.now() + timeoutMs;
  const limit = new AbortController();
  const stopped = new AbortController();
  const timer = setTimeout(() => limit.abort('late'), Math.min(timeoutMs, MAX_TIMER_MS));
  const stop = (reason: unknown): void => {
    stopped.abort(reason);
    limit.abort(reason);
  };
  const obey = (): void => stop(signal.reason);
  signal.addEventListener('abort', obey, { once: true });
  if (signal.aborted) obey();
  return {
    signal: limit.signal,
    stopped: stopped.signal,
    leftMs: () => Math.max(1, deadline - performance.now()),
    stop,
    async unlessOver(promise) {
      if (limit.signal.aborted) return undefined;
      let leave = (): void => {};
      const over = new Promise<undefined>((resolve) => {
        leave = () => resolve(undefined);
        limit.signal.addEventListener('abort', leave, { once: true });
      });
      try {
        return await Promise.race([promise, over]);
      } finally {
        limit.signal.removeEventListener('abort', leave);
      }
    },
    ending: () =>
      stopped.signal.aborted
        ? { kind: 'stopped' }
        : { kind: 'failed', code: 'CLAUDE_TIMEOUT', error: ERRORS.CLAUDE_TIMEOUT.message },
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', obey);
    },
  };
}
