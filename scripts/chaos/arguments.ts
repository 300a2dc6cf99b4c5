// What the person who starts the chaos may say, and the one sentence for what cannot be meant.
import { parseArgs } from 'node:util';

export interface Wishes {
  readonly jobs: number;
  readonly workers: number;
  /** Acts of violence in all. */
  readonly kills: number;
  /** The same seed, the same acts in the same order. */
  readonly seed: number;
  readonly json: boolean;
}

const USAGE = 'npm run chaos -- [--jobs N] [--workers M] [--kills K] [--seed S] [--json]';

const BOUNDS = {
  jobs: { least: 1, most: 10_000, usual: 20 },
  workers: { least: 1, most: 64, usual: 2 },
  kills: { least: 0, most: 10_000, usual: 10 },
  seed: { least: 0, most: 2 ** 31 - 1, usual: 1 },
} as const;

/** The wishes, or a sentence about the first thing that is wrong. */
export function readArguments(argv: readonly string[]): Wishes | string {
  const text = { type: 'string' } as const;
  const options = { jobs: text, workers: text, kills: text, seed: text, json: { type: 'boolean' } } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options });
    return {
      jobs: wholeNumber('jobs', values.jobs),
      workers: wholeNumber('workers', values.workers),
      kills: wholeNumber('kills', values.kills),
      seed: wholeNumber('seed', values.seed),
      json: values.json ?? false,
    };
  } catch (error) {
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    return `${sentence.replace(/\.$/, '')}; usage: ${USAGE}`;
  }
}

function wholeNumber(name: keyof typeof BOUNDS, text: string | undefined): number {
  const { least, most, usual } = BOUNDS[name];
  if (text === undefined) return usual;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`--${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}
