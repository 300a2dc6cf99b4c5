// Something to wait at: a ring that comes while nobody waits is not lost, so that who looks, then waits, misses nothing.

export interface Bell {
  ring(): void;
  /** Resolves at the next ring; at once when it has rung since the last time this resolved. */
  rung(): Promise<void>;
}

/** A bell for one who waits. It has not rung yet. */
export function createBell(): Bell {
  let hasRung = false;
  let wake = (): void => {};
  return {
    ring() {
      hasRung = true;
      wake();
    },
    async rung() {
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      hasRung = false;
    },
  };
}
