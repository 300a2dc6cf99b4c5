// How many attempts one worker runs at a time.

export interface Slots {
  /** Waits for a free slot; the function gives it back. Undefined when the signal aborts first. */
  acquire(signal: AbortSignal): Promise<(() => void) | undefined>;
  /** Takes a slot that is free now; undefined when none is. */
  take(): (() => void) | undefined;
  /** Resolves when a slot is free, or when the signal aborts. */
  free(signal: AbortSignal): Promise<void>;
  /** How many are taken: by what runs, or by who waits for work. */
  taken(): number;
  /** Resolves when no slot is taken. */
  idle(): Promise<void>;
}

/** `size` slots, all free. */
export function createSlots(size: number): Slots {
  let taken = 0;
  let waiting: (() => void)[] = [];
  /** Each is listened to once, however often somebody waits with it: this happens for every job. */
  const signals = new WeakSet<AbortSignal>();

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };

  const nextChange = (signal?: AbortSignal): Promise<void> => {
    if (signal !== undefined && !signals.has(signal)) {
      signals.add(signal);
      signal.addEventListener('abort', wake, { once: true });
    }
    return new Promise((resolve) => waiting.push(resolve));
  };

  function take(): (() => void) | undefined {
    if (taken >= size) return undefined;
    taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      taken -= 1;
      wake();
    };
  }

  return {
    async acquire(signal) {
      while (!signal.aborted) {
        const free = take();
        if (free !== undefined) return free;
        await nextChange(signal);
      }
      return undefined;
    },
    take,
    async free(signal) {
      while (!signal.aborted && taken >= size) await nextChange(signal);
    },
    taken: () => taken,
    async idle() {
      while (taken > 0) await nextChange();
    },
  };
}
