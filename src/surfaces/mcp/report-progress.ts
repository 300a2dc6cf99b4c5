// Progress of a job to a client that waits: at once, at every turn and tool call, and often enough that nobody gives up.
import { followFeed } from '../../app/follow-feed.js';
import { messageOf } from '../../domain/errors.js';
import type { Feed } from '../../ports/feed.js';
import type { Log } from '../../ports/log.js';
import { said } from './said.js';

/** Clients give up after silences of a minute and more. */
const SILENCE_MS = 10_000;

/** Reports what happens in the job until the signal aborts or the job ends. Never rejects: it is no more than news. */
export async function reportProgress(
  { feed, log }: { readonly feed: Feed; readonly log: Log },
  jobId: string,
  report: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = `Job ${jobId}`;
  const tell = (message: string): void => {
    last = message;
    report(message);
    pulse.refresh();
  };
  const pulse = setInterval(() => report(last), SILENCE_MS);
  try {
    for await (const step of followFeed(feed, { kind: 'job', jobId }, undefined, signal))
      if (step.kind === 'entry') said(step.entry).forEach(tell);
  } catch (error) {
    log('mcp.progress_failed', { job_id: jobId, error: messageOf(error) }, 'warn');
  } finally {
    clearInterval(pulse);
  }
}
