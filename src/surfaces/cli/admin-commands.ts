// The verbs of `agenticore admin`: what the keeper of a bus does at the bus itself.
import type { Argv } from 'yargs';
import type { ChosenVerb } from './cli-context.js';
import { jsonOption } from './options.js';

/** The verbs below `admin`, in the order people meet them. */
export const ADMIN_VERBS = [
  'streams',
  'pending',
  'dead',
  'replay',
  'export',
  'import',
  'trim',
  'rebuild',
  'verify',
] as const;

/** The verbs below `admin dead`. */
export const DEAD_VERBS = ['requeue', 'drop'] as const;

/** Adds them to the parser of `admin`. */
export function addAdminVerbs(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser
    .command(
      'streams',
      'Show what there is to do: lanes, and what waits elsewhere',
      (command) => command.options(jsonOption),
      (argv) => choose(async (cli) => (await import('./verbs/admin/streams.js')).streams(cli, argv)),
    )
    .command(
      'pending',
      'Show which worker holds which job',
      (command) =>
        command.options({
          steal: { type: 'boolean', describe: 'Take them from their workers, for anybody to take up' },
          'min-idle': {
            type: 'number',
            requiresArg: true,
            describe: 'Only those whose worker has been silent for so many seconds',
          },
          ...jsonOption,
        }),
      (argv) => choose(async (cli) => (await import('./verbs/admin/pending.js')).pending(cli, argv)),
    )
    .command('dead', 'List jobs that used up their attempts, requeue or drop one', (command) =>
      addDeadVerbs(command.options(jsonOption), choose),
    )
    .command(
      'replay [job]',
      'Show once more what happened in a job, or in all',
      (command) =>
        command
          .positional('job', { type: 'string', describe: 'Id of the job, or its first characters' })
          .options({
            speed: {
              type: 'string',
              requiresArg: true,
              describe: 'How many times as fast as it was, or max (default: 1, with --all max)',
            },
            from: { type: 'number', requiresArg: true, describe: 'Begin at this version of the ledger' },
            to: {
              type: 'number',
              requiresArg: true,
              describe: 'Show the job as it was known at this version; with --from also the way there',
            },
            as: {
              choices: ['text', 'json', 'sse'] as const,
              default: 'text' as const,
              requiresArg: true,
              describe: 'How to print it',
            },
            all: { type: 'boolean', describe: 'The events of all jobs instead of one; needs --since' },
            since: {
              type: 'string',
              requiresArg: true,
              describe: 'With --all: from this time on, or from so long ago (90s, 15m, 2h, 7d)',
            },
            into: {
              type: 'string',
              requiresArg: true,
              describe: 'With --all: import the jobs into the bus at this address (redis://...) instead',
            },
          })
          .check(({ job, all, since, from, to, into }) => {
            if (all === true && job !== undefined) throw new Error('Name a job or say --all, not both');
            if (all !== true && job === undefined) throw new Error('Name a job, or say --all');
            if (all === true && since === undefined)
              throw new Error('--all needs --since: from when on, such as 2h for the last two hours');
            if (all !== true && since !== undefined) throw new Error('--since needs --all');
            if (all === true && (from ?? to) !== undefined)
              throw new Error('--from and --to are versions of one job');
            if (all !== true && into !== undefined)
              throw new Error('--into needs --all; see also `admin export`');
            if (into !== undefined && !/^rediss?:\/\//.test(into))
              throw new Error('--into must be the address of a Redis: redis://... or rediss://...');
            return true;
          })
          .example('$0 admin replay 3f2a --speed max', 'what happened, at once')
          .example('$0 admin replay 3f2a --to 4', 'what was known after four events'),
      ({ job, since = '', ...flags }) =>
        choose(async (cli) =>
          job === undefined
            ? (await import('./verbs/admin/replay-fleet.js')).replayFleet(cli, { ...flags, since })
            : (await import('./verbs/admin/replay.js')).replay(cli, { ...flags, job }),
        ),
    )
    .command(
      'export [job]',
      'Print jobs with all that belongs to them, for import',
      (command) =>
        command
          .positional('job', { type: 'string', describe: 'Id of the job, or its first characters' })
          .options({ all: { type: 'boolean', describe: 'All jobs instead of one' } })
          .check(({ job, all }) => {
            if (all === true && job !== undefined) throw new Error('Name a job or say --all, not both');
            if (all !== true && job === undefined) throw new Error('Name a job, or say --all');
            return true;
          })
          .example('$0 admin export --all > jobs.jsonl', 'everything, to be kept'),
      ({ job }) => choose(async (cli) => (await import('./verbs/admin/export.js')).exportVerb(cli, { job })),
    )
    .command(
      'import <file>',
      'Take in jobs that were exported, from this bus or another',
      (command) =>
        command
          .positional('file', { type: 'string', demandOption: true, describe: 'The export; - reads stdin' })
          .options({
            open: { type: 'boolean', describe: 'Also jobs that have not ended: they run here from now on' },
            ...jsonOption,
          })
          .epilogue(
            'Hash chains are checked; a job that does not fit is refused, the others are imported. Exit code: 1 when a job was refused or the export is torn. A job that has outlived its ttl is removed again by the server.',
          ),
      (argv) => choose(async (cli) => (await import('./verbs/admin/import.js')).importVerb(cli, argv)),
    )
    .command(
      'trim [job]',
      'Forget what was said in jobs that have ended, to save room',
      (command) =>
        command
          .positional('job', { type: 'string', describe: 'Id of the job, or its first characters' })
          .options({
            'ended-before': {
              type: 'string',
              requiresArg: true,
              describe: 'All that ended at least so long ago (90s, 15m, 2h, 7d) instead of one',
            },
            ...jsonOption,
          })
          .check(({ job, 'ended-before': age }) => {
            if ((age === undefined) === (job === undefined))
              throw new Error(
                `Name a job${job === undefined ? ',' : ''} or say --ended-before${job === undefined ? '' : ', not both'}`,
              );
            return true;
          })
          .epilogue('Kept are what happened (the ledger), the job and its answer; messages and deltas go.'),
      (argv) => choose(async (cli) => (await import('./verbs/admin/trim.js')).trim(cli, argv)),
    )
    .command(
      'rebuild',
      'Fold every ledger again, and mend what does not agree with it',
      (command) =>
        command
          .options({ 'dry-run': { type: 'boolean', describe: 'Only say what differs' }, ...jsonOption })
          .epilogue(
            'Exit code: 1 when something differs that was not mended. The fleet may work on meanwhile. A job whose ledger is broken is kept, whatever its ttl, until somebody mends that, or gives it up: deletes the key {agenticore}:job:<id>:events on Redis, and rebuilds, or the folder bus/jobs/<id> on files.',
          ),
      (argv) => choose(async (cli) => (await import('./verbs/admin/rebuild.js')).rebuild(cli, argv)),
    )
    .command(
      'verify <job>',
      'Prove that a job is still what it was: ledger, feed, transcript, and what Claude wrote down',
      (command) =>
        command
          .positional('job', {
            type: 'string',
            demandOption: true,
            describe: 'Id of the job, or its first characters',
          })
          .options(jsonOption)
          .epilogue(
            "Hash chains, seals and Claude's own session file (where it is on this disk) must agree; the first thing that does not is named. Exit code: 0 when everything that is kept agrees, 1 when something does not, 2 when that cannot be found out.",
          ),
      (argv) => choose(async (cli) => (await import('./verbs/admin/verify.js')).verify(cli, argv)),
    )
    .demandCommand(1, `Say what to do: ${ADMIN_VERBS.join(', ')}.`);
}

const LETTER_ID = {
  type: 'string',
  demandOption: true,
  describe: 'Id of the job, or its first characters',
} as const;

function addDeadVerbs(parser: Argv, choose: (verb: ChosenVerb) => void): Argv {
  return parser
    .command('$0', false, jsonOption, (argv) =>
      choose(async (cli) => (await import('./verbs/admin/dead.js')).dead(cli, argv)),
    )
    .command(
      'requeue <id>',
      'Submit one once more, as a new job',
      (command) =>
        command.positional('id', LETTER_ID).options({
          edit: { type: 'boolean', describe: 'Change its task first, in $EDITOR' },
          ...jsonOption,
        }),
      (argv) => choose(async (cli) => (await import('./verbs/admin/dead.js')).requeueDead(cli, argv)),
    )
    .command(
      'drop <id>',
      'Put one away for good; the job stays as it ended',
      (command) => command.positional('id', LETTER_ID).options(jsonOption),
      (argv) => choose(async (cli) => (await import('./verbs/admin/dead.js')).dropDead(cli, argv)),
    );
}
