// Entries of a lane as Redis hands them out.
import type { StoredJob } from '../../ports/stored-job.js';
import { asList, asText } from './reply.js';
import { newJob, recordText } from './stored.js';

export interface LaneEntry {
  readonly entryId: string;
  readonly jobId: string;
  /** The job as it was when the entry was written. */
  readonly known?: StoredJob;
  /** True when the first attempt of the job started with the claim of the entry. */
  readonly isStarted?: true;
}

/** Reads a list of entries, each with its id and its fields, and a mark if the first attempt of its job has started. */
export const laneEntries = (reply: unknown): readonly LaneEntry[] => asList(reply).map(laneEntry);

function laneEntry(entry: unknown): LaneEntry {
  const [entryId, fields, mark] = asList(entry);
  const [, jobId, , record] = asList(fields);
  const known = record === undefined ? undefined : knownFrom(asText(jobId), asText(record));
  return {
    entryId: asText(entryId),
    jobId: asText(jobId),
    ...(known ? { known } : {}),
    ...(mark === undefined ? {} : { isStarted: true }),
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
