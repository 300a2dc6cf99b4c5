// The log: one line of JSON per fact, redacted; lines for people when somebody watches on a terminal.
import pino from 'pino';
import type { Log, LogLevel } from '../ports/log.js';
import { prettyLine } from './log-line.js';

export interface LoggerOptions {
  readonly level: LogLevel | 'silent';
  /** Lines for people, provided that the log goes to a terminal. */
  readonly pretty: boolean;
  /** Takes out of a line what must never be written. */
  readonly redact: (text: string) => string;
  /** Where lines go; standard error when left out, because standard output belongs to results and protocols. */
  readonly output?: LogOutput;
}

export interface LogOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** The log of a process. Writing never throws: a log that cannot be written is no reason to fail. */
export function createLogger({ level, pretty, redact, output = process.stderr }: LoggerOptions): Log {
  const asLine = pretty && output.isTTY === true ? prettyLine : (json: string) => json;
  const stream = {
    write(json: string) {
      try {
        output.write(asLine(redact(json)));
      } catch {
        // Nowhere left to say so.
      }
    },
  };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: sayError, err: sayError },
    },
    stream,
  );
  return (fact, fields = {}, at = 'info') => logger[at](fields, fact);
}

/** Errors given as fields are written whole: message, stack and cause are what a person needs to mend them. */
function sayError(error: unknown): unknown {
  return error instanceof Error ? pino.stdSerializers.errWithCause(error) : error;
}
