// `agenticore jobs`: the newest jobs, one line each, as wide as the screen.
import { AgenticoreError } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import type { JobView } from '../server/job-view.js';
import { createJobsApi, type JobsApi } from '../server/jobs-api.js';
import { formatAge, timeOf } from '../terminal/amounts.js';
import { oneLine } from '../terminal/printable.js';
import { type Column, tableLines } from '../terminal/table.js';
import { paintStatus } from './paint-status.js';

interface JobsFlags extends AddressFlags {
  readonly limit: number;
  readonly status?: string | undefined;
  readonly json?: boolean | undefined;
}

/** As many as the server gives at once. */
const PAGE = 200;
/** What of a task a line in a file shows. */
const TASK_CHARACTERS = 200;

export async function jobs(cli: CliContext, flags: JobsFlags): Promise<number> {
  const { terminal } = cli;
  if (!Number.isInteger(flags.limit) || flags.limit < 1) {
    throw new AgenticoreError('INVALID_REQUEST', '--limit must be a whole number from 1.');
  }
  const api = createJobsApi(await cli.address(flags));
  const found = await newest(api, flags.limit, flags.status);
  if (flags.json) {
    terminal.print(
      JSON.stringify(
        found.map((job) => job.raw),
        null,
        2,
      ),
    );
    return 0;
  }
  if (!terminal.live) {
    for (const job of found) terminal.print(tabbed(job));
    return 0;
  }
  if (found.length === 0)
    terminal.say(flags.status ? `No job is ${flags.status}.` : 'There are no jobs yet: agenticore run "..."');
  else
    for (const line of tableLines(columnsOf(found, Date.now()), terminal.columns(), terminal.colours))
      terminal.print(line);
  return 0;
}

async function newest(api: JobsApi, limit: number, status: string | undefined): Promise<readonly JobView[]> {
  const found: JobView[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.list({
      limit: Math.min(PAGE, limit - found.length),
      ...(status === undefined ? {} : { status }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.jobs);
    cursor = page.jobs.length === 0 ? undefined : page.nextCursor;
  } while (cursor !== undefined && found.length < limit);
  return found.slice(0, limit);
}

function columnsOf(found: readonly JobView[], now: number): readonly Column[] {
  const cells = (of: (job: JobView) => string): readonly string[] => found.map((job) => oneLine(of(job)));
  return [
    { title: 'ID', cells: cells((job) => job.id), atLeast: 36 },
    {
      title: 'STATUS',
      cells: cells((job) => job.status),
      atLeast: 9,
      paint: (text, colours) => paintStatus(colours, text),
    },
    { title: 'AGE', cells: cells((job) => ageOf(job, now)), atLeast: 3 },
    { title: 'PROFILE', cells: cells((job) => job.profile ?? ''), atLeast: 7, mayGo: 1 },
    { title: 'REPOSITORY', cells: cells((job) => shortRepo(job.repoUrl)), atLeast: 10, atMost: 30, mayGo: 2 },
    { title: 'TASK', cells: cells((job) => job.task.slice(0, 500)), atLeast: 12, mayGo: 3 },
  ];
}

const ageOf = (job: JobView, now: number): string => {
  const created = timeOf(job.createdAt);
  return created === undefined ? '' : formatAge(now - created);
};

/** `owner/name`, without the host that most of them share. */
const shortRepo = (url: string | undefined): string =>
  (url ?? '')
    .replace(/\.git\/?$/, '')
    .split(/[/:]/)
    .filter(Boolean)
    .slice(-2)
    .join('/');

const tabbed = (job: JobView): string =>
  [job.id, job.status, job.createdAt, job.profile, job.repoUrl, job.task.slice(0, TASK_CHARACTERS)]
    .map((cell) => oneLine(cell ?? ''))
    .join('\t');
