// `agenticore agent list`: which packages there are to serve, broken ones with what is wrong with them.
import type { CliContext, PackageRow } from '../cli-context.js';
import { oneLine } from '../terminal/printable.js';
import { tableLines } from '../terminal/table.js';

interface AgentListFlags {
  readonly json?: boolean | undefined;
}

export async function agentList(cli: CliContext, flags: AgentListFlags): Promise<number> {
  const { terminal } = cli;
  const agents = await cli.listPackages();
  if (flags.json) {
    terminal.print(JSON.stringify(agents, null, 2));
    return 0;
  }
  const cells = (of: (agent: PackageRow) => string): readonly string[] =>
    agents.map((agent) => oneLine(of(agent)));
  const table = [
    { title: 'NAME', cells: cells(({ name }) => name), atLeast: 20 },
    { title: 'MODEL', cells: cells(({ model }) => model), atLeast: 5, mayGo: 1 },
    { title: 'SOURCE', cells: cells(({ source }) => source), atLeast: 12, mayGo: 2 },
    {
      title: 'DESCRIPTION',
      cells: cells(({ description, error }) => (error === undefined ? description : `BROKEN: ${error}`)),
      atLeast: 12,
    },
  ];
  if (terminal.live) {
    for (const line of tableLines(table, terminal.columns(), terminal.colours)) terminal.print(line);
    return 0;
  }
  for (const index of agents.keys()) terminal.print(table.map((column) => column.cells[index]).join('\t'));
  return 0;
}
