// `agenticore admin import`: takes jobs in that were exported, into the bus itself or through the server that has it.
import { createReadStream } from 'node:fs';
import { type ImportReport, importJobs } from '../../../../app/admin/import-jobs.js';
import { textLines } from '../../../../app/admin/text-lines.js';
import { AgenticoreError, messageOf } from '../../../../domain/errors.js';
import { importJson } from '../../../wire/admin-json.js';
import type { CliContext } from '../../cli-context.js';
import { countOf } from '../../terminal/amounts.js';
import { oneLine } from '../../terminal/printable.js';
import type { Terminal } from '../../terminal/terminal.js';
import { fromStdin } from '../from-stdin.js';
import { importAtServer } from './import-at-server.js';
import { printJson } from './print-table.js';
import { throughServer } from './through-server.js';

interface ImportFlags {
  readonly file: string;
  readonly open?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export async function importVerb(
  cli: CliContext,
  { file, open = false, json }: ImportFlags,
): Promise<number> {
  const lines = (): AsyncIterable<string> =>
    textLines(file === '-' || file === '' ? fromStdin(cli, 'an export') : readFile(file));
  const report = await cli
    .atDesk({ access: 'write' }, ({ bus, hash }) => importJobs({ custody: bus.custody, hash }, lines(), open))
    .catch((error: unknown) => throughServer(cli, error, (http) => importAtServer(http, lines(), open)));
  return sayReport(cli.terminal, report, json === true);
}

/** Says what became of an import; exit code 1 when not all of it is there now. */
export function sayReport(terminal: Terminal, report: ImportReport, json: boolean): number {
  const { imported, same, refused, torn } = report;
  if (json) printJson(terminal, importJson(report));
  else {
    terminal.print(
      [
        `${countOf(imported, 'job')} imported`,
        ...(same > 0 ? [`${same} here already`] : []),
        ...(refused.length > 0 ? [`${refused.length} refused`] : []),
      ].join(', '),
    );
  }
  for (const { jobId, reason } of refused)
    terminal.say(oneLine(`agenticore: Job ${jobId} was refused: ${reason}.`));
  if (torn !== undefined) terminal.say(oneLine(`agenticore: ${torn}`));
  return refused.length > 0 || torn !== undefined ? 1 : 0;
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path);
  } catch (error) {
    throw new AgenticoreError('INVALID_REQUEST', `The file cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
