// An entry of a feed as a frame of server-sent events: what readers get over HTTP, and what a replay prints.
import type { Hash } from '../../domain/evidence.js';
import type { JobStatus } from '../../domain/job.js';
import type { FeedEntry, FeedName } from '../../ports/feed.js';
import { eventJson } from './event-json.js';

export interface Frame {
  /** What the reader sends back as Last-Event-ID; a frame without one leaves the reader's place as it is. */
  readonly id?: string;
  readonly event: string;
  /** JSON. */
  readonly data: string;
}

/** What the id of the last frame ends with. */
export const END = '.end';
/** Names of frames that are ours alone. */
const RESERVED = new Set(['end', 'gap']);

/** The frame of an entry. */
export function entryFrame({ cursor, kind, type, data }: FeedEntry, name: FeedName, hash: Hash): Frame {
  const jobId = name.kind === 'job' ? name.jobId : undefined;
  // Claude names its messages; what could break a frame, or pass for one of ours, is not repeated.
  const event = /^[\w.:-]{1,100}$/.test(type) && !RESERVED.has(type) ? type : 'unknown';
  return { id: cursor, event, data: kind === 'event' ? eventJson(data, jobId, hash) : data };
}

/** What lay between the reader's cursor and `next`, the first entry that is kept, is no longer there. */
export const gapFrame = (after: string | undefined, next?: string): Frame => ({
  event: 'gap',
  data: JSON.stringify({ after: after ?? null, next: next ?? null }),
});

/** Nothing follows. */
export const endFrame = (cursor: string, jobId: string, status: JobStatus): Frame => ({
  id: `${cursor}${END}`,
  event: 'end',
  data: JSON.stringify({ job_id: jobId, status }),
});

/** Text of a frame. Line breaks between JSON tokens would end the frame early; they mean nothing and become spaces. */
export function frameText({ id, event, data }: Frame): string {
  const line = /[\r\n]/.test(data) ? data.replace(/[\r\n]+/g, ' ') : data;
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${line}\n\n`;
}
