// The options that verbs share, and what yargs does not check by itself.
import type { Options } from 'yargs';

export const JOB_STATUS_CHOICES = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;

/** For every verb that talks to a server. */
export const serverOptions = {
  url: {
    type: 'string',
    requiresArg: true,
    group: 'Server:',
    describe: 'Address of the server (AGENTICORE_URL; default http://127.0.0.1:8200)',
  },
  'api-key': {
    type: 'string',
    requiresArg: true,
    group: 'Server:',
    describe: 'Key for the server; AGENTICORE_API_KEY keeps it out of the process list',
  },
} as const satisfies Record<string, Options>;

export const jsonOption = {
  json: { type: 'boolean', describe: 'Print JSON for programs' },
} as const satisfies Record<string, Options>;

export const runOptions = {
  repo: {
    alias: 'r',
    type: 'string',
    requiresArg: true,
    describe: 'Repository: a URL, or a folder on this machine when the server is here too',
  },
  profile: {
    alias: 'p',
    type: 'string',
    requiresArg: true,
    describe: 'How Claude runs (see `agenticore profiles`)',
  },
  'base-ref': {
    type: 'string',
    requiresArg: true,
    describe: "Branch, tag or commit to start from (default: the remote's default branch)",
  },
  follow: { alias: 'f', type: 'boolean', describe: 'Show what happens until the end' },
  wait: { alias: 'w', type: 'boolean', describe: 'Wait for the end and print the answer' },
  model: { type: 'string', requiresArg: true, describe: 'Model to use' },
  'max-turns': { type: 'number', requiresArg: true, describe: 'Most turns Claude may take' },
  'max-budget-usd': { type: 'number', requiresArg: true, describe: 'Most dollars Claude may spend' },
  timeout: { type: 'number', requiresArg: true, describe: 'Deadline of an attempt, seconds' },
  'session-id': {
    type: 'string',
    requiresArg: true,
    describe: 'Go on with the Claude session of an earlier job',
  },
  metadata: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'key=value kept with the job; may be repeated',
  },
} as const satisfies Record<string, Options>;

/** Options that may be repeated; every other one may be given once. */
const REPEATABLE = new Set(['_', 'metadata']);

/** Positionals where `-`, which the parser gives as an empty text, stands for stdin. */
const MAY_BE_STDIN = new Set(['task', 'file']);

/** Positionals that name what a verb is about; in scripts they come from variables, and those are empty at times. */
const NAMES = new Set(['id', 'job', 'name', 'package']);

/** Throws a sentence for an option given twice, without its value, or with a word where a number belongs. */
export function checkOptions(argv: Readonly<Record<string, unknown>>): true {
  for (const [key, value] of Object.entries(argv)) {
    if (key.length === 1) continue; // an alias, or what is no option
    const option = `--${key}`;
    if (Array.isArray(value) && !REPEATABLE.has(key)) throw new Error(`${option} was given more than once`);
    if (value === '' && NAMES.has(key))
      throw new Error(`An empty text names no ${key === 'id' ? 'job' : key}`);
    if (value === '' && !MAY_BE_STDIN.has(key)) throw new Error(`${option} needs a value`);
    if (typeof value === 'number' && Number.isNaN(value)) throw new Error(`${option} needs a number`);
  }
  return true;
}
