// Entries of a lane as Redis hands them out.
import type { StoredJob } from '../../ports/stored-job.js';
import { asList, asText } from './reply.js';
import { newJob, recordText } from './stored.js';

export interface LaneEntry {
  readonly entryId: string;
  readonly jobId: string;
  /** The job as it was when the entry was written. */
  readonly known?: StoredJob;
  /** When the first attempt of the job started, if it did with the claim of the entry: epoch milliseconds. */
  readonly startedAt?: string;
}

/** Reads a list of entries, each with its id and its fields, and when the first attempt of its job started, if it has. */
export const laneEntries = (reply: unknown): readonly LaneEntry[] => asList(reply).map(laneEntry);

function laneEntry(entry: unknown): LaneEntry {
  const [entryId, fields, startedAt] = asList(entry);
  const [, jobId, , record] = asList(fields);
  const known = record === undefined ? undefined : knownFrom(asText(jobId), asText(record));
  return {
    entryId: asText(entryId),
    jobId: asText(jobId),
    ...(known ? { known } : {}),
    ...(startedAt === undefined ? {} : { startedAt: asText(startedAt) }),
  };
}

/** The hash of the record, where it stands before it. */
const HEAD = /^[0-9a-f]{64}(?= )/;

/** A record that cannot be read is no news of the job: whoever has claimed it looks at its ledger, and is told there. */
function knownFrom(jobId: string, text: string): StoredJob | undefined {
  try {
    const { job, head } = newJob(jobId, recordText(text));
    const named = HEAD.exec(text)?.[0];
    return { job, head: named === undefined ? head : () => named };
  } catch {
    return undefined;
  }
}
