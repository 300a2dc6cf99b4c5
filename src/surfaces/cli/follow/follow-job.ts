// Follows one job to its end on whatever the output is, and says how it ended: what `run --follow` and `watch` do.
import { AgenticoreError, isCode } from '../../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { readFeed } from '../server/feed-client.js';
import type { JobView } from '../server/job-view.js';
import type { JobsApi } from '../server/jobs-api.js';
import { painterFor } from './painter-for.js';
import { createStory } from './story.js';
import { exitCodeOf, summaryLines } from './summary.js';

export interface FollowOptions {
  readonly json: boolean;
  /** Where to begin when not at the start: behind a cursor, with the job as it is there. */
  readonly from?: { readonly after: string; readonly job: JobView };
}

/** Exit code of a command that Ctrl-C ended. */
export const INTERRUPTED = 130;

/** Shows the feed, then the summary. Gives the exit code: 0, 1, 3, or 130 when the person left. */
export async function followJob(
  cli: CliContext,
  api: JobsApi,
  jobId: string,
  options: FollowOptions,
): Promise<number> {
  const { terminal } = cli;
  return untilInterrupted(cli, jobId, async (signal) => {
    const painter = painterFor(terminal, options.json);
    const story = createStory(options.from?.job);
    try {
      const request = options.from === undefined ? { jobId } : { jobId, after: options.from.after };
      for await (const item of readFeed(api.http, request, signal)) {
        if (item.kind !== 'frame') {
          painter.away(item.kind === 'away' ? item.reason : undefined);
          continue;
        }
        painter.frame(item.frame);
        for (const entry of story.tell(item.frame)) painter.entry(entry);
        painter.standing(story.standing());
      }
    } finally {
      painter.close();
    }
    if (signal.aborted) return INTERRUPTED;
    const job = await endedJob(api, jobId, signal);
    if (options.json) terminal.print(JSON.stringify({ event: 'job', data: job.raw }));
    else {
      const lines = summaryLines(job, await diffOf(api, job, signal), terminal.colours);
      terminal.print();
      for (const line of lines) terminal.print(line);
    }
    return exitCodeOf(job);
  });
}

/** Waits for the end without showing the way there, then gives the job; undefined when the person left. */
export async function waitForJob(
  api: JobsApi,
  jobId: string,
  signal: AbortSignal,
): Promise<JobView | undefined> {
  for await (const _item of readFeed(api.http, { jobId, events: 'domain' }, signal)) {
    // Only the end matters.
  }
  return signal.aborted ? undefined : endedJob(api, jobId, signal);
}

/** Runs `work` with a signal that Ctrl-C aborts; then says that the job goes on, and gives 130. */
export async function untilInterrupted(
  cli: CliContext,
  jobId: string,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const forget = cli.onInterrupt(() => controller.abort());
  try {
    const code = await work(controller.signal);
    if (!controller.signal.aborted) return code;
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    forget();
  }
  cli.terminal.say(`The job goes on. See it with: agenticore watch ${jobId}`);
  cli.terminal.say(`             Stop it with: agenticore cancel ${jobId}`);
  return INTERRUPTED;
}

const TRIES = 20;

/** The job after its feed has ended; patient with a server that restarts at this very moment. */
async function endedJob(api: JobsApi, jobId: string, signal: AbortSignal): Promise<JobView> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.get(jobId, signal);
    } catch (error) {
      const passes = isCode(error, 'SERVER_UNREACHABLE') || isCode(error, 'BUS_UNREACHABLE');
      if (!passes || tries === TRIES || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** A summary is complete without its diff. */
async function diffOf(api: JobsApi, job: JobView, signal: AbortSignal): Promise<string | undefined> {
  if (job.commit === undefined) return undefined;
  try {
    return await api.diff(job.id, signal);
  } catch (error) {
    if (error instanceof AgenticoreError) return undefined;
    throw error;
  }
}
