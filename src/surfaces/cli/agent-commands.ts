// The verbs of `agenticore agent`: what there is to serve in agent mode, and whether it can be.
import type { Argv } from 'yargs';
import type { ChosenVerb } from './cli-context.js';
import { jsonOption } from './options.js';

/** The verbs below `agent`, in the order people meet them. */
export const AGENT_VERBS = ['list', 'validate'] as const;

/** Adds them to the parser of `agent`. */
export function addAgentVerbs(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser
    .command(
      'list',
      'List the packages that this machine knows of: the bundled one, the configured one, those of the hub',
      (command) => command.options(jsonOption),
      (argv) => choose(async (cli) => (await import('./verbs/agent-list.js')).agentList(cli, argv)),
    )
    .command(
      'validate <package>',
      'Check the package in a folder, and name every fault of it',
      (command) =>
        command
          .positional('package', { type: 'string', demandOption: true, describe: 'Folder of the package' })
          .options(jsonOption)
          .example('$0 agent validate .', 'the package you are in')
          .epilogue('Exit code: 0 the package can be used, 1 it cannot. Nothing of it is run or changed.'),
      (argv) =>
        choose(async (cli) =>
          (await import('./verbs/agent-validate.js')).agentValidate(cli, {
            directory: argv.package,
            json: argv.json,
          }),
        ),
    )
    .demandCommand(1, `Say what to do: ${AGENT_VERBS.join(', ')}.`);
}
