// Answers that serve many for a moment: probes come every few seconds from several places, turns by the dozen.

/** Asks at most once in `ms`. */
export function cached<T>(ask: () => Promise<T>, ms: number): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    if (answer === undefined) {
      answer = ask();
      setTimeout(() => {
        answer = undefined;
      }, ms).unref();
    }
    return answer;
  };
}
