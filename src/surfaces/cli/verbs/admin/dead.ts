// `agenticore admin dead`: jobs that used up their attempts, and what becomes of them.
import { randomUUID } from 'node:crypto';
import { dropLetter, requeueLetter } from '../../../../app/admin/dead-letters.js';
import { AgenticoreError, publicCode } from '../../../../domain/errors.js';
import type { Bus } from '../../../../ports/bus.js';
import type { DeadLetter } from '../../../../ports/dead-letters.js';
import { isoTime } from '../../../wire/job-json.js';
import type { CliContext } from '../../cli-context.js';
import { findJobId } from '../../server/find-job.js';
import { dropAtServer, requeueAtServer } from '../../server/keeper-api.js';
import { formatAge } from '../../terminal/amounts.js';
import { oneLine } from '../../terminal/printable.js';
import { printJson, printTable } from './print-table.js';
import { throughServer } from './through-server.js';

interface LetterFlags {
  readonly id: string;
  readonly edit?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const PAGE = 200;
const BY = 'admin';

export function dead(
  { atDesk, terminal }: CliContext,
  { json }: { json?: boolean | undefined },
): Promise<number> {
  return atDesk({ access: 'read' }, async ({ bus, clock }) => {
    const letters: DeadLetter[] = [];
    for await (const letter of allLetters(bus)) letters.push(letter);
    if (json) {
      printJson(
        terminal,
        letters.map(({ jobId, at, code, error }) => ({
          job_id: jobId,
          at: isoTime(at),
          code: publicCode(code),
          error,
        })),
      );
      return 0;
    }
    const now = clock.now();
    const cells = (of: (letter: DeadLetter) => string): readonly string[] =>
      letters.map((one) => oneLine(of(one)));
    const columns = [
      { title: 'JOB', cells: cells(({ jobId }) => jobId), atLeast: 36 },
      { title: 'AGE', cells: cells(({ at }) => formatAge(now - at)), atLeast: 3 },
      { title: 'CODE', cells: cells(({ code }) => publicCode(code)), atLeast: 12, mayGo: 1 },
      { title: 'ERROR', cells: cells(({ error }) => error), atLeast: 12 },
    ];
    printTable(terminal, columns, 'No job has used up its attempts.');
    return 0;
  });
}

export async function requeueDead(cli: CliContext, { id, edit, json }: LetterFlags): Promise<number> {
  const { jobId, task } = await findLetter(cli, id);
  const edited = edit ? (await cli.edit(task)).trim() : undefined;
  if (edited === '') throw new AgenticoreError('INVALID_REQUEST', 'The task is empty; nothing was requeued.');
  const again = await cli
    .atDesk({ access: 'write' }, async ({ bus: { events }, clock, hash, redactTask }) => {
      const deps = {
        ...{ events, clock, hash, redactTask },
        newId: randomUUID,
        policy: { maxQueued: Number.POSITIVE_INFINITY },
      };
      return (await requeueLetter(deps, jobId, BY, edited)).id;
    })
    .catch((error: unknown) => throughServer(cli, error, (http) => requeueAtServer(http, jobId, edited)));
  if (json) printJson(cli.terminal, { job_id: again, retry_of: jobId });
  else cli.terminal.print(again);
  return 0;
}

export async function dropDead(cli: CliContext, { id, json }: LetterFlags): Promise<number> {
  const { jobId } = await findLetter(cli, id);
  await cli
    .atDesk({ access: 'write' }, ({ bus: { events }, clock, hash }) =>
      dropLetter({ events, clock, hash }, jobId, BY),
    )
    .catch((error: unknown) => throughServer(cli, error, (http) => dropAtServer(http, jobId)));
  if (json) printJson(cli.terminal, { dropped: jobId });
  else cli.terminal.print(`${jobId} dropped`);
  return 0;
}

/** The job that is meant, among the dead letters, with its task. */
function findLetter(
  { atDesk }: CliContext,
  id: string,
): Promise<{ readonly jobId: string; readonly task: string }> {
  return atDesk({ access: 'read' }, async ({ bus }) => {
    const list = async (): Promise<{ readonly jobs: readonly { readonly id: string }[] }> => {
      const jobs: { id: string }[] = [];
      for await (const letter of allLetters(bus)) jobs.push({ id: letter.jobId });
      return { jobs };
    };
    const jobId = await findJobId({ list }, id);
    const stored = await bus.events.load(jobId);
    if (stored === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
    return { jobId, task: stored.job.order.task };
  });
}

async function* allLetters({ deadLetters }: Bus): AsyncGenerator<DeadLetter> {
  for (let after: string | undefined; ; ) {
    const { letters, next } = await deadLetters.list(PAGE, after);
    yield* letters;
    if (next === undefined) return;
    after = next;
  }
}
