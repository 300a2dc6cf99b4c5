// How every room states facts to the log, without knowing the logger.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line per fact: a name such as `attempt.started`, ids and values as fields. `info` when no level is given. */
export type Log = (fact: string, fields?: Readonly<Record<string, unknown>>, level?: LogLevel) => void;
