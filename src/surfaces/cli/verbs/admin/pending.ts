// `agenticore admin pending`: which worker holds which job, and since when it has not said so; takes them away if told.
import { AgenticoreError } from '../../../../domain/errors.js';
import type { PendingEntry } from '../../../../ports/custody.js';
import { pendingJson } from '../../../wire/admin-json.js';
import type { CliContext } from '../../cli-context.js';
import { stealAtServer } from '../../server/keeper-api.js';
import { countOf, formatDuration } from '../../terminal/amounts.js';
import { oneLine } from '../../terminal/printable.js';
import type { Column } from '../../terminal/table.js';
import { printJson, printTable } from './print-table.js';
import { throughServer } from './through-server.js';

interface PendingFlags {
  readonly steal?: boolean | undefined;
  readonly 'min-idle'?: number | undefined;
  readonly json?: boolean | undefined;
}

export async function pending(cli: CliContext, flags: PendingFlags): Promise<number> {
  const { terminal } = cli;
  if ((flags['min-idle'] ?? 0) < 0)
    throw new AgenticoreError('INVALID_REQUEST', '--min-idle must not be negative.');
  const found = flags.steal ? await steal(cli, flags['min-idle']) : await list(cli, flags['min-idle'] ?? 0);
  if (flags.json) printJson(terminal, found.map(pendingJson));
  else
    printTable(
      terminal,
      columnsOf(found),
      flags.steal ? 'Nothing was idle that long.' : 'Nothing is claimed.',
    );
  if (flags.steal && found.length > 0)
    terminal.say(
      `${countOf(found.length, 'job')} taken from their workers; the next free worker takes each up.`,
    );
  return 0;
}

const list = ({ atDesk }: CliContext, minIdleS: number): Promise<readonly PendingEntry[]> =>
  atDesk({ access: 'read' }, async ({ bus }) =>
    (await bus.custody.pending()).filter(({ idleMs }) => idleMs >= minIdleS * 1000),
  );

async function steal(cli: CliContext, minIdleS: number | undefined): Promise<readonly PendingEntry[]> {
  if (minIdleS === undefined) {
    const why = '--steal needs --min-idle: how many seconds a worker must have been silent to lose its job.';
    throw new AgenticoreError('INVALID_REQUEST', why);
  }
  const minIdleMs = Math.round(minIdleS * 1000);
  return cli
    .atDesk({ access: 'write' }, ({ bus }) => bus.custody.steal(minIdleMs))
    .catch((error: unknown) => throughServer(cli, error, (http) => stealAtServer(http, minIdleMs)));
}

function columnsOf(found: readonly PendingEntry[]): readonly Column[] {
  const cells = (of: (entry: PendingEntry) => string): readonly string[] =>
    found.map((entry) => oneLine(of(entry)));
  return [
    { title: 'JOB', cells: cells(({ jobId }) => jobId), atLeast: 36 },
    { title: 'LANE', cells: cells(({ lane }) => lane), atLeast: 4, mayGo: 1 },
    { title: 'WORKER', cells: cells(({ worker }) => worker), atLeast: 12, mayGo: 2 },
    { title: 'IDLE', cells: cells(({ idleMs }) => formatDuration(idleMs)), atLeast: 4 },
    { title: 'DELIVERIES', cells: cells(({ deliveries }) => String(deliveries)), atLeast: 10, mayGo: 0 },
  ];
}
