// `agenticore doctor`: shows what the checks found, worst news plainly marked, and how to mend each.
import type { CliContext, Finding } from '../cli-context.js';
import { printable } from '../terminal/printable.js';
import type { Colours } from '../terminal/terminal.js';

interface DoctorFlags {
  readonly json?: boolean | undefined;
}

/** Exit code 1 when something failed; warnings do not count. */
export async function doctor(cli: CliContext, flags: DoctorFlags): Promise<number> {
  const { print, colours } = cli.terminal;
  const findings = await cli.diagnose();
  const failed = findings.filter(({ level }) => level === 'fail').length;
  if (flags.json) {
    print(JSON.stringify({ healthy: failed === 0, findings }, null, 2));
    return failed === 0 ? 0 : 1;
  }
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const finding of findings) {
    print(`${markOf(finding, colours)} ${finding.name.padEnd(width)}  ${printable(finding.fact)}`);
    if (finding.mend !== undefined)
      print(`       ${' '.repeat(width)}${colours.dim('->')} ${printable(finding.mend)}`);
  }
  print();
  print(
    failed === 0
      ? colours.green('Everything that is needed is here.')
      : colours.red(`${failed} of ${findings.length} checks failed.`),
  );
  return failed === 0 ? 0 : 1;
}

function markOf({ level }: Finding, colours: Colours): string {
  switch (level) {
    case 'ok':
      return colours.green('ok  ');
    case 'warn':
      return colours.yellow('warn');
    case 'fail':
      return colours.red('FAIL');
    default:
      return level satisfies never;
  }
}
