// `agenticore admin streams`: how much there is to do, lane by lane, and what waits elsewhere.
import type { LaneReport } from '../../../../ports/custody.js';
import { isoTime } from '../../../wire/job-json.js';
import type { CliContext } from '../../cli-context.js';
import { formatDuration } from '../../terminal/amounts.js';
import { oneLine } from '../../terminal/printable.js';
import type { Column } from '../../terminal/table.js';
import { printJson, printTable } from './print-table.js';

interface StreamsFlags {
  readonly json?: boolean | undefined;
}

export function streams({ atDesk, terminal }: CliContext, { json }: StreamsFlags): Promise<number> {
  return atDesk({ access: 'read' }, async ({ bus, clock }) => {
    const { custody, deadLetters } = bus;
    const waiting = [custody.delayed(), custody.held(), deadLetters.count()];
    const [lanes, [delayed, held, dead]] = await Promise.all([custody.lanes(), Promise.all(waiting)]);
    const now = clock.now();
    const elsewhere = { delayed, held, dead };
    if (json) {
      printJson(terminal, { lanes: lanes.map(laneJson), ...elsewhere });
      return 0;
    }
    printTable(terminal, columnsOf(lanes, now), 'No lane has held a job yet.');
    for (const [name, count] of Object.entries(elsewhere)) {
      terminal.print(
        terminal.live ? `${terminal.colours.dim(name.padEnd(8))} ${count}` : `${name}\t${count}`,
      );
    }
    return 0;
  });
}

const laneJson = ({ oldestAt, ...lane }: LaneReport): Record<string, unknown> => ({
  ...lane,
  oldest_at: oldestAt === undefined ? undefined : isoTime(oldestAt),
});

function columnsOf(lanes: readonly LaneReport[], now: number): readonly Column[] {
  const cells = (of: (lane: LaneReport) => string | number): readonly string[] =>
    lanes.map((lane) => String(of(lane)));
  return [
    { title: 'LANE', cells: lanes.map(({ lane }) => oneLine(lane)), atLeast: 8, atMost: 40 },
    { title: 'LENGTH', cells: cells(({ length }) => length), atLeast: 6 },
    { title: 'WAITING', cells: cells(({ waiting }) => waiting), atLeast: 7 },
    { title: 'RUNNING', cells: cells(({ running }) => running), atLeast: 7 },
    {
      title: 'OLDEST',
      cells: cells(({ oldestAt }) => (oldestAt === undefined ? '-' : formatDuration(now - oldestAt))),
      atLeast: 6,
    },
    { title: 'CONSUMERS', cells: cells(({ consumers }) => consumers), atLeast: 9, mayGo: 1 },
    { title: 'LAG', cells: cells(({ lag }) => lag ?? '?'), atLeast: 3, mayGo: 2 },
  ];
}
