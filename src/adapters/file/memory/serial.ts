// Order where it matters: one piece of work at a time per key, and publication in the order of reservation.

export interface Serial {
  /** Runs `work` when everything given before under the same key is over. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing runs or waits under any key. */
  idle(): Promise<void>;
}

/** One queue per key; keys cost nothing while nothing runs. */
export function createSerial(): Serial {
  const tails = new Map<string, Promise<void>>();
  return {
    run(key, work) {
      const mine = (tails.get(key) ?? Promise.resolve()).then(work);
      const tail = mine.then(
        () => {},
        () => {},
      );
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return mine;
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
}

/**
 * Lets pieces of work run side by side, but their results appear in the order in which they were given. Without it a
 * reader of the fleet stream could see cursor 11 before 10 is written, and would never go back for it.
 */
export function createTurnstile(): <T>(work: Promise<T>, publish: (value: T) => void) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work, publish) => {
    const before = last;
    const mine = (async () => {
      const [outcome] = await Promise.allSettled([work, before]);
      if (outcome.status === 'rejected') throw outcome.reason;
      publish(outcome.value);
    })();
    last = mine.catch(() => {});
    return mine;
  };
}
