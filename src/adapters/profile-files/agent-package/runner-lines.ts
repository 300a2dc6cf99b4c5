// What a start-up script says, as lines that a log has room for.

const MAX_LINES = 500;
const MAX_LINE_CHARS = 1000;

export interface RunnerLines {
  /** The next piece of its output. */
  take(text: string): void;
  /** It says no more. */
  end(): void;
}

/** Hands on line by line, each cut to a length that can be read, and not more of them than there is room for. */
export function createRunnerLines(line: (text: string) => void): RunnerLines {
  let told = 0;
  let rest = '';

  function say(text: string): void {
    if (text.trim() === '') return;
    told += 1;
    if (told <= MAX_LINES)
      line(text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS)}...` : text.trimEnd());
    else if (told === MAX_LINES + 1) line(`... and more than ${MAX_LINES} lines; the rest is left out`);
  }

  return {
    take(text) {
      const lines = (rest + text).split('\n');
      // A line without end is told in pieces instead of being gathered.
      rest = lines.pop() ?? '';
      for (const one of lines) say(one);
      if (rest.length <= MAX_LINE_CHARS) return;
      say(rest);
      rest = '';
    },
    end() {
      say(rest);
      rest = '';
    },
  };
}
