// `agenticore status`: is the server well, may it be given work, how much it has, and who works.
import { isCode } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import { JOB_STATUS_CHOICES } from '../options.js';
import { createJobsApi, type JobsApi } from '../server/jobs-api.js';
import { type JsonObject, numberAt, textAt, textsAt } from '../server/json-fields.js';
import { oneLine } from '../terminal/printable.js';
import { paintStatus } from './paint-status.js';

interface StatusFlags extends AddressFlags {
  readonly json?: boolean | undefined;
}

/** As much of a job's id as tells it from the others, and names it to every other verb. */
const SHORT_ID = 8;

/** Exit code 1 when the server is not ready. */
export async function status(cli: CliContext, flags: StatusFlags): Promise<number> {
  const { print, colours } = cli.terminal;
  const api = createJobsApi(await cli.address(flags));
  const health = await api.health();
  const [{ ready, body }, work] = await Promise.all([api.ready(), workOf(api)]);
  const { jobs, workers } = work ?? { jobs: null, workers: null };
  if (flags.json) {
    print(JSON.stringify({ url: api.http.url, health, ready: body, jobs, workers }, null, 2));
    return ready ? 0 : 1;
  }
  const row = (name: string, value: string): void => print(`${colours.dim(name.padEnd(11))} ${value}`);
  row('server', `${api.http.url}, version ${oneLine(textAt(health, 'version') ?? 'unknown')}`);
  row('ready', ready ? colours.green('yes') : colours.red(`no: ${reasonsOf(body)}`));
  for (const [name, count] of Object.entries(jobs ?? {}))
    row(name, paintStatus(colours, name).replace(name, String(count)));
  for (const worker of workers ?? []) row('worker', workerLine(worker));
  if (workers?.length === 0) row('worker', colours.yellow('none lives: jobs wait until one starts'));
  return ready ? 0 : 1;
}

/** What there is to do, and who does it; undefined while the bus, which knows, is away: that is why the server is not ready. */
async function workOf(
  api: JobsApi,
): Promise<
  { readonly jobs: Readonly<Record<string, number>>; readonly workers: readonly JsonObject[] } | undefined
> {
  try {
    const [jobs, workers] = await Promise.all([countJobs(api), api.workers()]);
    return { jobs, workers };
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) return undefined;
    throw error;
  }
}

async function countJobs(api: JobsApi): Promise<Readonly<Record<string, number>>> {
  const counts = JOB_STATUS_CHOICES.map(async (name) => [name, await api.count(name)] as const);
  return Object.fromEntries(await Promise.all(counts));
}

/** Its name, how many of its slots are taken, whether it takes more, and the beginnings of the ids of its jobs. */
function workerLine(worker: JsonObject): string {
  const running = textsAt(worker, 'running');
  const slots = `${running.length} of ${numberAt(worker, 'slots') ?? '?'} slots`;
  const draining = worker.draining === true ? ['draining'] : [];
  const line = [textAt(worker, 'name') ?? '?', slots, ...draining].join(', ');
  const jobs = running.map((jobId) => jobId.slice(0, SHORT_ID)).join(' ');
  return oneLine(jobs === '' ? line : `${line}: ${jobs}`);
}

function reasonsOf(body: JsonObject): string {
  const reasons = Array.isArray(body.reasons) ? body.reasons : [body.error];
  return oneLine(reasons.filter((reason) => typeof reason === 'string').join(' ')) || 'it does not say why';
}
