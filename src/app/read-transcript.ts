// What was said in a job up to now, whole: the evidence as its readers take it away.
import { AgenticoreError } from '../domain/errors.js';
import type { Bus } from '../ports/bus.js';
import type { FeedEntry } from '../ports/feed.js';

const PAGE = 64;
const TRIMMED =
  'What was said in this job is no longer kept: it was trimmed, or its feed TTL has passed. Its events and its answer are there.';

/**
 * The complete messages of a job in order, each one line of JSON; read page by page, as fast as they are taken. Throws
 * MESSAGE_NOT_FOUND when some of them are no longer kept: a part must not pass for the whole.
 */
export async function* readTranscript(
  { feed, transcript }: Pick<Bus, 'feed' | 'transcript'>,
  jobId: string,
): AsyncGenerator<string> {
  let cursor: string | undefined;
  for (;;) {
    const { entries, gap } = await feed.read({ kind: 'job', jobId }, cursor, PAGE);
    if (gap) throw new AgenticoreError('MESSAGE_NOT_FOUND', TRIMMED);
    for (const entry of entries)
      if (entry.kind === 'message') yield await wholeMessage(transcript, jobId, entry);
    cursor = entries.at(-1)?.cursor;
    if (entries.length < PAGE || cursor === undefined) return;
  }
}

/** Messages that are kept aside come whole. */
async function wholeMessage(
  transcript: Bus['transcript'],
  jobId: string,
  { data }: FeedEntry,
): Promise<string> {
  // Only a preview has an href; the full parse of every message is spared.
  if (!data.includes('"href":')) return data;
  const { attempt, seq, href } = JSON.parse(data) as { attempt?: unknown; seq?: unknown; href?: unknown };
  if (typeof href !== 'string' || typeof attempt !== 'number' || typeof seq !== 'number') return data;
  return (await transcript.whole(jobId, attempt, seq)) ?? data;
}
