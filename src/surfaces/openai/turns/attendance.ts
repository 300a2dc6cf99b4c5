// Who reads a turn that runs here: Claude does not go on for readers who have all gone.

export interface Attendance {
  /** A turn begins: the signal aborts when its last reader has been gone for the grace time. */
  begin(jobId: string): AbortSignal;
  /** A reader comes, and is counted out by what this returns. Does nothing for turns that do not run here. */
  enter(jobId: string): () => void;
  /** The turn is over. */
  end(jobId: string): void;
}

interface Attended {
  readonly nobody: AbortController;
  readers: number;
  leaving?: NodeJS.Timeout;
}

/** `graceMs` 0: the turn is interrupted at once. */
export function createAttendance(graceMs: number): Attendance {
  const turns = new Map<string, Attended>();

  const give = (turn: Attended): void => turn.nobody.abort('nobody reads this turn any more');

  return {
    begin(jobId) {
      const turn: Attended = { nobody: new AbortController(), readers: 0 };
      turns.set(jobId, turn);
      return turn.nobody.signal;
    },
    enter(jobId) {
      const turn = turns.get(jobId);
      if (turn === undefined) return () => {};
      clearTimeout(turn.leaving);
      turn.readers += 1;
      let isHere = true;
      return () => {
        if (!isHere) return;
        isHere = false;
        turn.readers -= 1;
        if (turn.readers > 0 || turns.get(jobId) !== turn) return;
        if (graceMs === 0) give(turn);
        else turn.leaving = setTimeout(give, graceMs, turn);
      };
    },
    end(jobId) {
      clearTimeout(turns.get(jobId)?.leaving);
      turns.delete(jobId);
    },
  };
}
