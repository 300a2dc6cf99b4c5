// `agenticore watch`: the feed of a job that was submitted by whomever, from its start or from now on.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { followJob } from '../follow/follow-job.js';
import { findJobId } from '../server/find-job.js';
import { createJobsApi, type JobsApi } from '../server/jobs-api.js';

interface WatchFlags extends AddressFlags {
  readonly id: string;
  readonly since: 'start' | 'now';
  readonly json?: boolean | undefined;
}

export async function watch(cli: CliContext, flags: WatchFlags): Promise<number> {
  const api = createJobsApi(await cli.address(flags));
  const id = await findJobId(api, flags.id);
  const json = flags.json ?? false;
  if (flags.since === 'start') return followJob(cli, api, id, { json });
  const job = await api.get(id);
  return followJob(cli, api, id, { json, from: { after: await cursorOfNow(api), job } });
}

/** A cursor that lies behind everything so far, by the clock of the server. */
async function cursorOfNow(api: JobsApi): Promise<string> {
  const response = await api.http.send('/health');
  await response.body?.cancel();
  const serverTime = Date.parse(response.headers.get('date') ?? '');
  return `${Number.isNaN(serverTime) ? Date.now() : serverTime}-0`;
}
