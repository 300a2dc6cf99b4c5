// Where the command line writes: what the two output streams can do, decided once.
import pc from 'picocolors';

/** The part of a writable stream that is needed here; process.stdout and process.stderr have it. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
  once?(event: 'drain', listener: () => void): unknown;
}

/** What the environment wishes for the screen (NO_COLOR, FORCE_COLOR, TERM). */
export interface ScreenWishes {
  readonly noColor: boolean;
  readonly forceColor: boolean | undefined;
  readonly term: string | undefined;
}

export type Colours = ReturnType<typeof pc.createColors>;

export interface Terminal {
  readonly out: Sink;
  readonly err: Sink;
  /** Of stdout. */
  readonly colours: Colours;
  readonly errColours: Colours;
  /** Stdout is a screen on which lines can be drawn again. */
  readonly live: boolean;
  /** Columns of the screen now; Infinity when stdout is no screen. */
  columns(): number;
  /** Writes a line to stdout. */
  print(line?: string): void;
  /** Writes a line to stdout, and resolves when there is room for the next: for more than fits in memory. */
  pour(line: string): Promise<void>;
  /** Writes a line to stderr: what is said to the person, not to the next program. */
  say(line: string): void;
}

const DEFAULT_COLUMNS = 80;
/** Below this nothing sensible can be drawn; wrapping is then the terminal's business. */
const FEWEST_COLUMNS = 20;

export function createTerminal(out: Sink, err: Sink, wishes: ScreenWishes): Terminal {
  const isScreen = (sink: Sink): boolean => sink.isTTY === true && wishes.term !== 'dumb';
  const coloursOf = (sink: Sink): Colours =>
    pc.createColors(!wishes.noColor && (wishes.forceColor ?? isScreen(sink)));
  return {
    out,
    err,
    colours: coloursOf(out),
    errColours: coloursOf(err),
    live: isScreen(out),
    columns: () =>
      out.isTTY === true
        ? Math.max(FEWEST_COLUMNS, out.columns || DEFAULT_COLUMNS)
        : Number.POSITIVE_INFINITY,
    print: (line = '') => void out.write(`${line}\n`),
    async pour(line) {
      if (out.write(`${line}\n`) === false)
        await new Promise<void>((room) => (out.once ? out.once('drain', room) : room()));
    },
    say: (line) => void err.write(`${line}\n`),
  };
}
