// What was done and what came of it, for people and for machines.
import type { ActKind } from './acts.js';
import type { Wishes } from './arguments.js';
import type { Invariant } from './invariants.js';
import type { ActTally } from './mischief.js';

export interface Report {
  readonly wishes: Wishes;
  readonly seconds: number;
  readonly acts: Readonly<Record<ActKind, Readonly<ActTally>>>;
  /** Further figures by name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly invariants: readonly Invariant[];
}

const SHOWN = 20;

export const violationsOf = ({ invariants }: Report): number =>
  invariants.reduce((sum, { violations }) => sum + violations.length, 0);

function outcomeOf(kind: string, hits: number, jobs: number): string {
  if (kind === 'kill-ingress' || kind === 'kill-gateway') return '';
  const what = kind === 'trim-jobs' ? 'trimmed jobs that had ended' : 'met a claimed job';
  return `  of which ${hits} ${what}, ${jobs} jobs in all`;
}

/** Prints it to stdout. */
export function print(report: Report): void {
  const { wishes, seconds, acts, figures, invariants } = report;
  if (wishes.json) {
    console.log(JSON.stringify({ ...report, violations: violationsOf(report) }));
    return;
  }
  console.log(
    `\n${wishes.jobs} jobs, ${wishes.workers} workers, seed ${wishes.seed}: ${seconds.toFixed(0)} s\n`,
  );
  for (const [kind, { done, hits, attempts }] of Object.entries(acts)) {
    console.log(`  ${kind.padEnd(14)} ${String(done).padStart(4)}${outcomeOf(kind, hits, attempts)}`);
  }
  for (const [name, figure] of Object.entries(figures)) console.log(`  ${name}: ${figure}`);
  console.log();
  for (const { name, figure, violations } of invariants) {
    const mark = violations.length === 0 ? 'ok ' : 'NOT';
    console.log(
      `  ${mark} ${name.padEnd(68)} ${String(violations.length).padStart(3)} violations  (${figure})`,
    );
    for (const sentence of violations.slice(0, SHOWN)) console.log(`        ${sentence}`);
    if (violations.length > SHOWN) console.log(`        and ${violations.length - SHOWN} more`);
  }
  console.log();
}
