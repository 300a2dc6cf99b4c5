// npm run fuzz -- [--requests N] [--seed S] [--json]: requests that nobody means, at real servers in both modes, with and
// without keys. Exit 0: everything held; 1: something did not, and the folder is kept; 2: bad arguments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz, type Report } from './fuzz.js';

const USAGE = 'npm run fuzz -- [--requests N] [--seed S] [--json]';

const { requests, seed, json } = readArguments();
const folder = mkdtempSync(join(tmpdir(), 'agenticore-fuzz-'));
const report = await fuzz({ requests, seed }, folder);
if (json) console.log(JSON.stringify(report));
else print(report);
if (report.violations.length === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
else {
  console.error(`agenticore: something did not hold; logs and data are kept in ${folder}`);
  process.exitCode = 1;
}

function readArguments() {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({ options: { requests: text, seed: text, json: { type: 'boolean' } } });
    return {
      requests: wholeNumber('requests', values.requests, 1000, 1),
      seed: wholeNumber('seed', values.seed, Date.now() % 1_000_000, 0),
      json: values.json ?? false,
    };
  } catch (error) {
    console.error(`agenticore: ${error instanceof Error ? error.message : error}; usage: ${USAGE}`);
    process.exit(2);
  }
}

function wholeNumber(name: string, text: string | undefined, usual: number, least: number): number {
  if (text === undefined) return usual;
  if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`--${name} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`);
}

function print({ requests, seed, seconds, outcomes, servers, violations }: Report): void {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(`  ${requests} requests, seed ${seed}, ${seconds} s`);
  console.log(
    `  answers: ${Object.entries(outcomes)
      .map(([outcome, count]) => `${outcome} x ${count}`)
      .join(', ')}`,
  );
  for (const [name, { before, after }] of Object.entries(servers))
    console.log(
      `  ${name.padEnd(16)} resident ${mib(before.rssBytes)} -> ${mib(after.rssBytes)}, heap ${mib(before.heapBytes)} -> ${mib(after.heapBytes)}, descriptors ${before.descriptors} -> ${after.descriptors}`,
    );
  console.log(violations.length === 0 ? '  everything held' : `  ${violations.length} violations:`);
  for (const violation of violations) console.log(`\n${violation}`);
}
