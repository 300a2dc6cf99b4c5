// Waiting is one race: what ended an attempt first is recorded once.
import type { Ending } from './judge.js';

/** What ends an attempt, or a turn: whichever reason comes first counts. */
export interface Course {
  readonly over: Promise<Ending>;
  end(ending: Ending): void;
  /** A bug of whoever listens to us ends the attempt as well. */
  fail(error: unknown): void;
  /** Throws the first error that `fail` was told of. */
  assertSound(): void;
}

/** A course on which nothing has ended yet. */
export function createCourse(): Course {
  let end: (ending: Ending) => void = () => {};
  const over = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  let failure: { readonly error: unknown } | undefined;
  return {
    over,
    end: (ending) => end(ending),
    fail(error) {
      failure ??= { error };
      end({ kind: 'stopped' });
    },
    assertSound() {
      if (failure) throw failure.error;
    },
  };
}
