// The end of the story: what became of a job, where its result is, and what to do when there is none.
import { ERRORS } from '../../../domain/errors.js';
import { knownCode } from '../server/http-client.js';
import type { JobView } from '../server/job-view.js';
import { countOf, formatCost, formatDuration, timeOf } from '../terminal/amounts.js';
import { oneLine, printable } from '../terminal/printable.js';
import type { Colours } from '../terminal/terminal.js';
import { diffStat, type FileChange } from './diff-stat.js';

/** Exit code that a job's end means: 0 succeeded, 3 succeeded without its pull request, 1 anything else. */
export function exitCodeOf(job: JobView): number {
  if (job.status !== 'succeeded') return 1;
  return job.prError === undefined ? 0 : 3;
}

/** `diff` is the job's unified diff, when it has one. */
export function summaryLines(job: JobView, diff: string | undefined, colours: Colours): readonly string[] {
  const row = (name: string, value: string | undefined): readonly string[] =>
    value === undefined ? [] : [`  ${colours.dim(name.padEnd(13))} ${oneLine(value)}`];
  return [
    headline(job, colours),
    ...row('job', job.id),
    ...row('branch', job.branch),
    ...row('commit', job.commit),
    ...row('pull request', job.prUrl),
    ...pullRequestTrouble(job, colours),
    ...(diff === undefined ? [] : changeLines(diffStat(diff), colours)),
    ...adviceLines(job, colours),
  ];
}

function headline(job: JobView, colours: Colours): string {
  const started = timeOf(job.startedAt) ?? timeOf(job.createdAt);
  const ended = timeOf(job.endedAt);
  const took =
    started === undefined || ended === undefined ? undefined : `in ${formatDuration(ended - started)}`;
  const facts = [
    job.numTurns === undefined ? undefined : countOf(job.numTurns, 'turn'),
    job.costUsd === undefined ? undefined : formatCost(job.costUsd),
    (job.attempt ?? 1) > 1 ? countOf(job.attempt ?? 1, 'attempt') : undefined,
  ].filter((fact) => fact !== undefined);
  const [mark, paint] = markOf(job, colours);
  const said = [job.status, took].filter((word) => word !== undefined).join(' ');
  return [
    paint(colours.bold(`${mark} ${oneLine(said)}`)),
    ...facts.map((fact) => colours.dim(`· ${fact}`)),
  ].join(' ');
}

function markOf(job: JobView, colours: Colours): readonly [string, (text: string) => string] {
  if (job.status === 'succeeded')
    return job.prError === undefined ? ['✔', colours.green] : ['✔', colours.yellow];
  if (job.status === 'queued' || job.status === 'running') return ['●', colours.yellow];
  return ['✖', colours.red];
}

const pullRequestTrouble = (job: JobView, colours: Colours): readonly string[] =>
  job.prError === undefined
    ? []
    : [
        colours.yellow(
          `  The branch is pushed, but the pull request could not be opened: ${oneLine(job.prError)}`,
        ),
      ];

/** Files that are listed; a large change is only counted. */
const MOST_FILES = 12;

function changeLines(files: readonly FileChange[], colours: Colours): readonly string[] {
  const total = (of: 'added' | 'removed'): number => files.reduce((sum, file) => sum + file[of], 0);
  const counts = (added: number, removed: number): string =>
    `${colours.green(`+${added}`)} ${colours.red(`-${removed}`)}`;
  const listed = files.slice(0, MOST_FILES).map(({ path, added, removed, binary }) => {
    return `    ${oneLine(path)}  ${binary ? 'binary' : counts(added, removed)}`;
  });
  const more = files.length - listed.length;
  return [
    `  ${countOf(files.length, 'file')} changed, ${counts(total('added'), total('removed'))}`,
    ...listed,
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}

function adviceLines(job: JobView, colours: Colours): readonly string[] {
  if (job.status === 'succeeded' || job.error === undefined) return [];
  const code = knownCode(job.code);
  const general = code === undefined ? undefined : ERRORS[code].message;
  const named = job.code === undefined ? '' : ` (${job.code})`;
  return [
    colours.red(`  ${oneLine(`${job.error}${named}`)}`),
    ...(general === undefined || job.error.includes(general.replace(/\.$/, '')) ? [] : [`  ${general}`]),
    colours.dim(`  Try it again with: agenticore retry ${printable(job.id)}`),
  ];
}
