// `agenticore status`: is the server well, may it be given work, and how much it has.
import type { AddressFlags, CliContext } from '../cli-context.js';
import { JOB_STATUS_CHOICES } from '../options.js';
import { createJobsApi, type JobsApi } from '../server/jobs-api.js';
import { type JsonObject, textAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';
import { paintStatus } from './paint-status.js';

interface StatusFlags extends AddressFlags {
  readonly json?: boolean | undefined;
}

/** As many as the server lists at once: what is more is not counted. */
const COUNTED = 200;

/** Exit code 1 when the server is not ready. */
export async function status(cli: CliContext, flags: StatusFlags): Promise<number> {
  const { print, colours } = cli.terminal;
  const api = createJobsApi(await cli.address(flags));
  const health = await api.health();
  const [{ ready, body }, counts] = await Promise.all([api.ready(), countJobs(api)]);
  if (flags.json) {
    print(JSON.stringify({ url: api.http.url, health, ready: body, jobs: counts }, null, 2));
    return ready ? 0 : 1;
  }
  const row = (name: string, value: string): void => print(`${colours.dim(name.padEnd(11))} ${value}`);
  row('server', `${api.http.url}, version ${oneLine(textAt(health, 'version') ?? 'unknown')}`);
  row('ready', ready ? colours.green('yes') : colours.red(`no: ${reasonsOf(body)}`));
  for (const [name, count] of Object.entries(counts))
    row(name, paintStatus(colours, name).replace(name, count));
  return ready ? 0 : 1;
}

/** How many jobs are in each status, as text: `12`, or `200+`. */
async function countJobs(api: JobsApi): Promise<Readonly<Record<string, string>>> {
  const counts = JOB_STATUS_CHOICES.map(async (name): Promise<[string, string]> => {
    const { jobs, nextCursor } = await api.list({ limit: COUNTED, status: name });
    return [name, nextCursor === undefined ? String(jobs.length) : `${jobs.length}+`];
  });
  return Object.fromEntries(await Promise.all(counts));
}

function reasonsOf(body: JsonObject): string {
  const reasons = Array.isArray(body.reasons) ? body.reasons : [body.error];
  return oneLine(reasons.filter((reason) => typeof reason === 'string').join(' ')) || 'it does not say why';
}
