// How many attempts one worker runs at a time.

export interface Slots {
  /** Waits for a free slot; the function gives it back. Undefined when the signal aborts first. */
  acquire(signal: AbortSignal): Promise<(() => void) | undefined>;
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

  return {
    async acquire(signal) {
      while (!signal.aborted) {
        if (taken < size) {
          taken += 1;
          let held = true;
          return () => {
            if (held) giveBack();
            held = false;
          };
        }
        await nextChange(signal);
      }
      return undefined;
    },
    taken: () => taken,
    async idle() {
      while (taken > 0) await nextChange();
    },
  };
}
