// What must be true of a job that was trimmed: what happened is all there, what was said is gone, and readers are told so.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../src/domain/evidence.js';
import type { FeedRow, JobEvidence } from './job-evidence.js';
import { type Frame, readOnce } from './readers.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const isEvent = ({ kind }: FeedRow): boolean => kind === 'event';

/** Compares what the bus holds of a trimmed job with what it held before. */
export function auditTrim(before: JobEvidence | undefined, now: JobEvidence): readonly string[] {
  if (before === undefined) return ['it was trimmed before it had ended for long enough'];
  const wrong: string[] = [];
  if (canonicalJson(now.records) !== canonicalJson(before.records)) wrong.push('its ledger is another one');
  if (canonicalJson(now.feed) !== canonicalJson(before.feed.filter(isEvent)))
    wrong.push('its feed is not its events, as they stood there');
  if (Object.keys(now.whole).length > 0) wrong.push('whole messages are left');
  const lastSaid = before.feed.findLast((row) => !isEvent(row))?.id ?? '0-0';
  if (now.mark?.cursor !== lastSaid)
    wrong.push(`its mark names ${now.mark?.cursor}, the last that was said is ${lastSaid}`);
  const hash = hashOfLast(before);
  if (now.mark?.hash !== hash) wrong.push(`its mark has the hash ${now.mark?.hash} instead of ${hash}`);
  return wrong;
}

function hashOfLast({ feed, whole }: JobEvidence): string | undefined {
  const last = feed.findLast(({ kind }) => kind === 'message');
  if (last === undefined) return undefined;
  const { attempt, seq, preview } = JSON.parse(last.data);
  return sha256(preview === undefined ? last.data : (whole[`${attempt}:${seq}`] ?? ''));
}

/** A reader who comes now, and one who comes back to a place among what was said, over the gateway at `url`. */
export async function auditLateReaders(url: string, before: JobEvidence): Promise<readonly string[]> {
  const { jobId, feed } = before;
  const said = feed.filter((row) => !isEvent(row));
  const middle = said[Math.floor(said.length / 2)]?.id;
  const wrong: string[] = [];
  for (const place of new Set([undefined, middle])) {
    const rest = place === undefined ? feed : feed.slice(feed.findIndex(({ id }) => id === place) + 1);
    const expected = [
      ...(rest.some((row) => !isEvent(row)) ? ['gap'] : []),
      ...rest.filter(isEvent).map(({ id, type }) => `${id} ${type}`),
      `${feed.at(-1)?.id}.end end`,
    ];
    const seen = await readOnce(url, jobId, place).then(
      (frames) => frames.map(nameOf),
      (error: unknown) => [String(error)],
    );
    if (seen.join() !== expected.join())
      wrong.push(
        `a reader from ${place ?? 'the start'} saw ${seen.join(', ')} instead of ${expected.join(', ')}`,
      );
  }
  return wrong;
}

const nameOf = ({ id, event }: Frame): string => (id === '' ? event : `${id} ${event}`);
