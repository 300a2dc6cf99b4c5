// `agenticore run`: submits a task, and as wished leaves, waits or shows what happens.
import { AgenticoreError } from '../../../domain/errors.js';
import type { AddressFlags, CliContext } from '../cli-context.js';
import { followJob, untilInterrupted, waitForJob } from '../follow/follow-job.js';
import { exitCodeOf, summaryLines } from '../follow/summary.js';
import type { JobView } from '../server/job-view.js';
import { createJobsApi, type JobsApi } from '../server/jobs-api.js';
import type { JsonObject } from '../server/json-fields.js';
import { printable } from '../terminal/printable.js';
import { readTask } from './read-task.js';
import { repoAddress } from './repo-address.js';

export interface RunFlags extends AddressFlags {
  /** The verb, and what stood behind `--`. */
  readonly _: readonly (string | number)[];
  readonly task?: string | undefined;
  readonly repo?: string | undefined;
  readonly profile?: string | undefined;
  readonly baseRef?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly model?: string | undefined;
  readonly maxTurns?: number | undefined;
  readonly maxBudgetUsd?: number | undefined;
  readonly timeout?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly metadata?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
}

export async function run(cli: CliContext, flags: RunFlags): Promise<number> {
  const api = createJobsApi(await cli.address(flags));
  const metadata = readMetadata(flags.metadata);
  const repoUrl = await repoAddress(flags.repo, api.http.url);
  const order = {
    task: await readTask(cli, flags.task, flags._.slice(1)),
    repo_url: repoUrl,
    profile: flags.profile,
    base_ref: flags.baseRef,
    model: flags.model,
    max_turns: flags.maxTurns,
    max_budget_usd: flags.maxBudgetUsd,
    timeout_s: flags.timeout,
    session_id: flags.sessionId,
    metadata,
  };
  const job = await api.submit(order);
  return goOn(cli, api, job, flags);
}

/** What happens after a job was submitted, by whichever verb. */
export async function goOn(
  cli: CliContext,
  api: JobsApi,
  job: JobView,
  { json = false, follow = false, wait = false }: Pick<RunFlags, 'json' | 'follow' | 'wait'>,
): Promise<number> {
  const { terminal } = cli;
  if (follow) {
    if (!json) terminal.print(terminal.colours.dim(`● Job ${job.id}`));
    return followJob(cli, api, job.id, { json });
  }
  if (wait) {
    if (!json) terminal.say(`Job ${job.id}: waiting for its end.`);
    return untilInterrupted(cli, job.id, async (signal) => {
      const ended = await waitForJob(api, job.id, signal);
      return ended === undefined ? 1 : report(cli, ended, json);
    });
  }
  if (json) printJson(cli, job.raw);
  else {
    terminal.print(job.id);
    terminal.say(`Submitted. Follow it with: agenticore watch ${job.id}`);
  }
  return 0;
}

/** The answer to stdout, what became of the job to stderr. */
function report(cli: CliContext, job: JobView, json: boolean): number {
  const { terminal } = cli;
  if (json) printJson(cli, job.raw);
  else {
    if (job.output !== undefined) terminal.print(terminal.live ? printable(job.output) : job.output);
    for (const line of summaryLines(job, undefined, terminal.errColours)) terminal.say(line);
  }
  return exitCodeOf(job);
}

const printJson = (cli: CliContext, value: JsonObject): void =>
  cli.terminal.print(JSON.stringify(value, null, 2));

function readMetadata(pairs: readonly string[] | undefined): JsonObject | undefined {
  if (pairs === undefined) return undefined;
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new AgenticoreError('INVALID_REQUEST', `--metadata "${pair}" must look like key=value.`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}
