// Lets only so many processes start at once: starting is a second of computing, and eight at a time on two cores would
// each take eight.
import { availableParallelism } from 'node:os';

export interface StartGate {
  /** Resolves with the function that lets the next one in. Who is urgent is let in before the others. */
  enter(isUrgent: boolean): Promise<() => void>;
}

/** A gate for about as many as the machine has cores. */
export function createStartGate(width = availableParallelism()): StartGate {
  const urgent: (() => void)[] = [];
  const patient: (() => void)[] = [];
  let inside = 0;

  function leave(): void {
    const next = urgent.shift() ?? patient.shift();
    // Whoever is let in takes the place of the one that leaves.
    if (next) next();
    else inside -= 1;
  }

  return {
    async enter(isUrgent) {
      if (inside < width) inside += 1;
      else await new Promise<void>((resolve) => (isUrgent ? urgent : patient).push(resolve));
      let isInside = true;
      return () => {
        if (isInside) leave();
        isInside = false;
      };
    },
  };
}
