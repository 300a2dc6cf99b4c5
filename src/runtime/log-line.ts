// One log line as people like to read it.
import pc from 'picocolors';

const COLOURS: Readonly<Record<string, (text: string) => string>> = {
  debug: pc.dim,
  info: pc.cyan,
  warn: pc.yellow,
  error: pc.red,
};

/** Renders one line of the JSON log: time, level, fact, fields. A line that is none is returned as it is. */
export function prettyLine(json: string): string {
  const record = parse(json);
  if (record === undefined) return json;
  const { time, level, msg, error, ...fields } = record;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const name = String(level ?? '');
  const paint = COLOURS[name] ?? String;
  const pairs = Object.entries(fields).map(([key, value]) => `${pc.dim(`${key}=`)}${sayValue(value)}`);
  const line = [pc.dim(clock), paint(name.padEnd(5)), pc.bold(String(msg ?? '')), ...pairs].join(' ');
  return `${line}${sayError(error)}\n`;
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Quotes what would be misread: spaces, quotes, and escape sequences that would act on the terminal. */
const sayValue = (value: unknown): string =>
  typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);

function sayError(error: unknown): string {
  if (error === undefined) return '';
  if (typeof error !== 'object' || error === null || !('stack' in error))
    return ` ${pc.dim('error=')}${sayValue(error)}`;
  const stack = String(error.stack).split('\n').map(printable);
  return `\n${stack.map((line) => `    ${line}`).join('\n')}`;
}

const printable = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
