// `agenticore agent validate`: everything that is wrong with a package, or what it makes of Claude.
import type { CliContext } from '../cli-context.js';
import { oneLine, printable } from '../terminal/printable.js';

interface AgentValidateFlags {
  readonly directory: string;
  readonly json?: boolean | undefined;
}

/** Exit code 1 when the package cannot be used. */
export async function agentValidate(cli: CliContext, flags: AgentValidateFlags): Promise<number> {
  const { print, colours } = cli.terminal;
  const verdict = await cli.checkPackage(flags.directory);
  if (flags.json) print(JSON.stringify(verdict, null, 2));
  else if (verdict.valid) {
    print(colours.green(`The package of ${oneLine(verdict.name)} can be used.`));
    const parts: readonly (readonly [string, string | readonly string[]])[] = [
      ['description', verdict.description],
      ['model', verdict.model],
      ['MCP servers', verdict.mcpServers],
      ['commands', verdict.commands.map((name) => `/${name}`)],
      ['runners', verdict.runners],
      ['without effect', verdict.unusedKeys],
    ];
    for (const [what, value] of parts) {
      const text = typeof value === 'string' ? value : value.join(', ');
      if (text !== '') print(`  ${colours.dim(what.padEnd(14))} ${oneLine(text)}`);
    }
  } else {
    for (const { path, message } of verdict.faults)
      print(`${colours.red('FAIL')} ${printable([path, message].filter(Boolean).join(' '))}`);
    const count = verdict.faults.length;
    print(colours.red(`The package cannot be used: ${count === 1 ? 'one fault' : `${count} faults`}.`));
  }
  return verdict.valid ? 0 : 1;
}
