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
  let changed: (() => void)[] = [];

  const nextChange = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      signal?.addEventListener('abort', done, { once: true });
      changed.push(done);
    });

  const giveBack = (): void => {
    taken -= 1;
    const listeners = changed;
    changed = [];
    for (const listener of listeners) listener();
  };

  function take(): (() => void) | undefined {
    if (taken >= size) return undefined;
    taken += 1;
    let held = true;
    return () => {
      if (held) giveBack();
      held = false;
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
