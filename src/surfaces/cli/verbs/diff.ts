// `agenticore diff`: what a job changed; as it came when another program reads it, coloured and harmless on a screen.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { findJobId } from '../server/find-job.js';
import { createJobsApi } from '../server/jobs-api.js';
import { printable } from '../terminal/printable.js';
import type { Colours } from '../terminal/terminal.js';

interface DiffFlags extends AddressFlags {
  readonly id: string;
}

export async function diff(cli: CliContext, flags: DiffFlags): Promise<number> {
  const { terminal } = cli;
  const api = createJobsApi(await cli.address(flags));
  const text = await api.diff(await findJobId(api, flags.id));
  if (!terminal.live) {
    terminal.out.write(text);
    return 0;
  }
  for (const line of printable(text).replace(/\n$/, '').split('\n'))
    terminal.print(paintLine(line, terminal.colours));
  return 0;
}

function paintLine(line: string, colours: Colours): string {
  if (/^(diff |index |\+\+\+ |--- |new file|deleted file|rename |similarity )/.test(line))
    return colours.bold(line);
  if (line.startsWith('@@')) return colours.cyan(line);
  if (line.startsWith('+')) return colours.green(line);
  return line.startsWith('-') ? colours.red(line) : line;
}
