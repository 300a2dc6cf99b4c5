// Our own watch over a running claude. The CLI would retry refused credentials for minutes, a dead model for hours,
// and wait for ever for a server that it left running in the background.
import { ERRORS } from '../../../domain/errors.js';
import type { Ending } from './judge.js';
import type { Progress } from './progress.js';

export interface Watchdog {
  /** Something was said that shows life. */
  touch(): void;
  /** The reader of the messages holds us back, or does so no longer: claude's silence is then no sign. */
  hold(isHeld: boolean): void;
  /** Looks once, after each message. */
  look(): void;
  stop(): void;
}

export interface WatchdogOptions {
  readonly progress: Progress;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  /** How long shell commands left in the background may keep an attempt open after claude's result. */
  readonly backgroundMs: number;
  readonly onEnd: (ending: Ending) => void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Starts watching; calls `onEnd` for each reason to end the attempt that it sees (the first one counts). */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { progress, timeoutMs, silenceMs, backgroundMs, onEnd } = options;
  let lastSign = performance.now();
  let heldSince: number | undefined;

  /** The reason to end the attempt now, if there is one. */
  function judgeNow(): Ending | undefined {
    if (progress.retrying()?.error === 'authentication_failed')
      return { kind: 'failed', code: 'CLAUDE_AUTH_FAILED', error: ERRORS.CLAUDE_AUTH_FAILED.message };
    const background = progress.background();
    if (progress.isIdle() && background === 'nothing') return { kind: 'settled' };
    if (heldSince !== undefined) return undefined;
    const silentFor = performance.now() - lastSign;
    if (progress.isIdle())
      return silentFor > (background === 'shells' ? backgroundMs : silenceMs)
        ? { kind: 'settled' }
        : undefined;
    return silentFor > silenceMs && !progress.isToolRunning()
      ? describeSilence(progress, silenceMs)
      : undefined;
  }

  function look(): void {
    const ending = judgeNow();
    if (ending) onEnd(ending);
  }

  const deadline = setTimeout(
    () => onEnd({ kind: 'failed', code: 'CLAUDE_TIMEOUT', error: ERRORS.CLAUDE_TIMEOUT.message }),
    Math.min(timeoutMs, MAX_TIMER_MS),
  );
  const rounds = setInterval(look, Math.max(10, Math.min(1000, silenceMs / 4, backgroundMs / 4)));
  return {
    touch: () => {
      lastSign = performance.now();
    },
    hold: (isHeld) => {
      const now = performance.now();
      // claude could say nothing in that time; what it had not said before it has still not said.
      if (heldSince !== undefined) lastSign = Math.min(now, lastSign + now - heldSince);
      heldSince = isHeld ? now : undefined;
    },
    look,
    stop: () => {
      clearTimeout(deadline);
      clearInterval(rounds);
    },
  };
}

// An API that does not answer is retried by claude; that it says so is no sign of life of the model.
function describeSilence(progress: Progress, silenceMs: number): Ending {
  const retrying = progress.retrying();
  const seconds = Math.round(silenceMs / 1000);
  if (retrying === undefined)
    return { kind: 'failed', code: 'CLAUDE_SILENT', error: `${ERRORS.CLAUDE_SILENT.message} (${seconds} s)` };
  const code = typeof retrying.status === 'number' ? 'MODEL_OVERLOADED' : 'MODEL_UNREACHABLE';
  const reason = [retrying.error, retrying.status].filter(Boolean).join(' ');
  return {
    kind: 'failed',
    code,
    error: `${ERRORS[code].message} claude retried for ${seconds} s (${reason}).`,
  };
}
