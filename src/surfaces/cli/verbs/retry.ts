// `agenticore retry`: an ended job once more, as a new one, with its task or another.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { findJobId } from '../server/find-job.js';
import { createJobsApi } from '../server/jobs-api.js';
import { goOn } from './run.js';

interface RetryFlags extends AddressFlags {
  readonly id: string;
  readonly task?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export async function retry(cli: CliContext, flags: RetryFlags): Promise<number> {
  const api = createJobsApi(await cli.address(flags));
  const job = await api.retry(await findJobId(api, flags.id), flags.task);
  return goOn(cli, api, job, flags);
}
