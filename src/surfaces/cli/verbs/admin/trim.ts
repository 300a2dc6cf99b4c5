// `agenticore admin trim`: forgets what was said in ended jobs; ledger, view and answer stay.
import { type TrimOrder, trimJobs } from '../../../../app/admin/trim-jobs.js';
import { AgenticoreError } from '../../../../domain/errors.js';
import type { CliContext } from '../../cli-context.js';
import { findJobId } from '../../server/find-job.js';
import { trimAtServer } from '../../server/keeper-api.js';
import { countOf } from '../../terminal/amounts.js';
import { printJson } from './print-table.js';
import { durationMs } from './replay-fleet.js';
import { throughServer } from './through-server.js';

interface TrimFlags {
  readonly job?: string | undefined;
  readonly 'ended-before'?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function trim(cli: CliContext, flags: TrimFlags): Promise<number> {
  const order = await orderOf(cli, flags);
  const trimmed = await cli
    .atDesk({ access: 'write' }, ({ bus, hash }) => trimJobs(bus, hash, order))
    .catch((error: unknown) => throughServer(cli, error, (http) => trimAtServer(http, order)));
  if (flags.json) printJson(cli.terminal, { trimmed });
  else cli.terminal.print(`${countOf(trimmed.length, 'job')} trimmed`);
  return 0;
}

async function orderOf(cli: CliContext, flags: TrimFlags): Promise<TrimOrder> {
  const { job, 'ended-before': age } = flags;
  if (job !== undefined) {
    return cli.atDesk({ access: 'read' }, async ({ bus }) => ({ jobId: await findJobId(bus.events, job) }));
  }
  const ms = durationMs(age ?? '');
  if (ms !== undefined) return { endedBefore: Date.now() - ms };
  throw new AgenticoreError('INVALID_REQUEST', '--ended-before must be how long ago: 90s, 15m, 2h, 7d.');
}
