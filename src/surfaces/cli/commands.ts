// Every verb with its options: what `agenticore --help` shows. A verb's own code is loaded when it was chosen.
import yargs, { type Argv } from 'yargs';
import { addAdminVerbs } from './admin-commands.js';
import { addAgentVerbs } from './agent-commands.js';
import type { ChosenVerb } from './cli-context.js';
import { checkOptions, JOB_STATUS_CHOICES, jsonOption, runOptions, serverOptions } from './options.js';
import { addServeVerbs } from './serve-commands.js';

/** The verbs in the order people meet them. */
export const VERBS = [
  'serve',
  'stdio',
  'run',
  'jobs',
  'job',
  'watch',
  'cancel',
  'retry',
  'diff',
  'profiles',
  'status',
  'drain',
  'version',
  'doctor',
  'agent',
  'admin',
] as const;

/** The verbs below `profiles`. */
export const PROFILES_VERBS = ['show'] as const;

const ID = {
  type: 'string',
  demandOption: true,
  describe: 'Id of the job, or its first characters',
} as const;
const exitCodes = (success: string): string =>
  `Exit code: 0 ${success}, 1 it did not, 2 bad usage, 3 it succeeded but its pull request could not be opened, 130 left with Ctrl-C (the job then goes on).`;

/** The parser of the whole command line. It calls `choose` for a valid verb, and prints and ends nothing itself. */
export function createParser(version: string, columns: number, choose: (verb: ChosenVerb) => void): Argv {
  const parser = yargs()
    .scriptName('agenticore')
    .locale('en')
    .usage(
      '$0 <command>\n\nRuns Claude Code for other programs: a coding task goes in, a branch or a pull request comes out.',
    )
    .parserConfiguration({
      'greedy-arrays': false,
      'dot-notation': false,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .wrap(columns)
    .version(version)
    .help()
    .alias('help', 'h')
    .demandCommand(1, 'Say what to do.')
    .recommendCommands()
    .strict()
    .check(checkOptions, true)
    .epilogue('Every command explains itself: agenticore run --help');
  return addServerVerbs(addJobVerbs(addServeVerbs(parser, choose), choose), choose);
}

function addJobVerbs(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser
    .command(
      'run [task]',
      'Submit a task to Claude',
      (command) =>
        command
          .positional('task', { type: 'string', describe: 'What Claude is to do; - reads it from stdin' })
          .options({ ...runOptions, ...jsonOption, ...serverOptions })
          .example('$0 run "make the test pass" -r . -f', 'work on this folder and watch')
          .example('$0 run -w -p review -r . - < task.md', 'wait for an answer')
          .example('$0 run -- "-v prints nothing, mend it"', 'a task that begins with a dash')
          .epilogue(exitCodes('the job succeeded (or was submitted)')),
      (argv) => choose(async (cli) => (await import('./verbs/run.js')).run(cli, argv)),
    )
    .command(
      'jobs',
      'List jobs, newest first',
      (command) =>
        command.options({
          limit: { alias: 'n', type: 'number', default: 20, requiresArg: true, describe: 'How many' },
          status: {
            alias: 's',
            choices: JOB_STATUS_CHOICES,
            requiresArg: true,
            describe: 'Only jobs in this status',
          },
          ...jsonOption,
          ...serverOptions,
        }),
      (argv) => choose(async (cli) => (await import('./verbs/jobs.js')).jobs(cli, argv)),
    )
    .command(
      'job <id>',
      'Show one job',
      (command) => command.positional('id', ID).options({ ...jsonOption, ...serverOptions }),
      (argv) => choose(async (cli) => (await import('./verbs/job.js')).job(cli, argv)),
    )
    .command(
      'watch <id>',
      'Show what happens in a job, from its start to its end',
      (command) =>
        command
          .positional('id', ID)
          .options({
            since: {
              choices: ['start', 'now'] as const,
              default: 'start' as const,
              requiresArg: true,
              describe: 'Where to begin',
            },
            ...jsonOption,
            ...serverOptions,
          })
          .epilogue(exitCodes('the job succeeded')),
      (argv) => choose(async (cli) => (await import('./verbs/watch.js')).watch(cli, argv)),
    )
    .command(
      'cancel <id>',
      'Stop a job, wherever it runs',
      (command) => command.positional('id', ID).options({ ...jsonOption, ...serverOptions }),
      (argv) => choose(async (cli) => (await import('./verbs/cancel.js')).cancel(cli, argv)),
    )
    .command(
      'retry <id>',
      'Submit an ended job once more, as a new job',
      (command) =>
        command.positional('id', ID).options({
          task: { type: 'string', requiresArg: true, describe: 'Another task instead of the same one' },
          follow: { alias: 'f', type: 'boolean', describe: 'Show what happens until the end' },
          ...jsonOption,
          ...serverOptions,
        }),
      (argv) => choose(async (cli) => (await import('./verbs/retry.js')).retry(cli, argv)),
    )
    .command(
      'diff <id>',
      'Print what a job changed, as a unified diff',
      (command) =>
        command
          .positional('id', ID)
          .options(serverOptions)
          .example('$0 diff 3f2a | git apply', 'take the change over'),
      (argv) => choose(async (cli) => (await import('./verbs/diff.js')).diff(cli, argv)),
    );
}

function addServerVerbs(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser
    .command('profiles', 'List the profiles of the server', (command) =>
      command
        .options({ ...jsonOption, ...serverOptions })
        .command('$0', false, { ...jsonOption, ...serverOptions }, (argv) =>
          choose(async (cli) => (await import('./verbs/profiles.js')).profiles(cli, argv)),
        )
        .command(
          'show <name>',
          'Show one profile',
          (show) =>
            show
              .positional('name', { type: 'string', demandOption: true, describe: 'Name of the profile' })
              .options({ ...jsonOption, ...serverOptions }),
          (argv) => choose(async (cli) => (await import('./verbs/profiles.js')).showProfile(cli, argv)),
        ),
    )
    .command(
      'status',
      'Show how the server is and what it has to do',
      (command) => command.options({ ...jsonOption, ...serverOptions }),
      (argv) => choose(async (cli) => (await import('./verbs/status.js')).status(cli, argv)),
    )
    .command(
      'drain',
      'Let a server take no new work, and wait until nothing runs there',
      (command) =>
        command
          .options({
            timeout: {
              type: 'number',
              default: 300,
              requiresArg: true,
              describe: 'How long to wait for what runs, seconds',
            },
            worker: {
              type: 'string',
              requiresArg: true,
              describe:
                'A worker of the fleet, by name or host (see `agenticore status`), instead of the server',
            },
            ...serverOptions,
          })
          .example('$0 drain --timeout 600', 'before this machine is shut down, or as a preStop hook')
          .epilogue(
            'Exit code: 0 nothing runs any more, 1 something still does, 130 left with Ctrl-C. What is drained goes on answering readers until it is stopped, and takes no work until it is started again.',
          ),
      (argv) => choose(async (cli) => (await import('./verbs/drain.js')).drain(cli, argv)),
    )
    .command(
      'version',
      'Show the versions of this program and of the server',
      (command) => command.options({ ...jsonOption, ...serverOptions }),
      (argv) => choose(async (cli) => (await import('./verbs/version.js')).version(cli, argv)),
    )
    .command(
      'doctor',
      'Check what this machine needs to run jobs, and how to mend it',
      (command) => command.options(jsonOption),
      (argv) => choose(async (cli) => (await import('./verbs/doctor.js')).doctor(cli, argv)),
    )
    .command('agent', 'Work with the packages of agents', (command) => addAgentVerbs(command, choose))
    .command('admin', 'Look after the bus itself', (command) => addAdminVerbs(command, choose));
}
