// `agenticore cancel`: asks a job to stop.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { findJobId } from '../server/find-job.js';
import type { JobView } from '../server/job-view.js';
import { createJobsApi } from '../server/jobs-api.js';

interface CancelFlags extends AddressFlags {
  readonly id: string;
  readonly json?: boolean | undefined;
}

export async function cancel(cli: CliContext, flags: CancelFlags): Promise<number> {
  const api = createJobsApi(await cli.address(flags));
  const job = await api.cancel(await findJobId(api, flags.id));
  cli.terminal.print(flags.json ? JSON.stringify(job.raw, null, 2) : sentenceFor(job));
  return 0;
}

function sentenceFor({ id, status }: JobView): string {
  if (status === 'cancelled') return `Job ${id} is cancelled.`;
  if (status === 'running' || status === 'queued')
    return `Job ${id} was asked to stop; it will end as cancelled.`;
  return `Job ${id} has already ended: ${status}.`;
}
