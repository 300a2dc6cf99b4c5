// Entries of a lane as Redis hands them out.
import type { StoredJob } from '../../ports/stored-job.js';
import { asList, asText } from './reply.js';
import { newJob } from './stored.js';

export interface LaneEntry {
  readonly entryId: string;
  readonly jobId: string;
  /** The job as it was when the entry was written. */
  readonly known?: StoredJob;
}

/** Reads a list of entries, each with its id and its fields. */
export const laneEntries = (reply: unknown): readonly LaneEntry[] => asList(reply).map(laneEntry);

function laneEntry(entry: unknown): LaneEntry {
  const [entryId, fields] = asList(entry);
  const [, jobId, , record] = asList(fields);
  const known = record === undefined ? undefined : knownFrom(asText(jobId), asText(record));
  return { entryId: asText(entryId), jobId: asText(jobId), ...(known ? { known } : {}) };
}

/** A record that cannot be read is no news of the job: whoever has claimed it looks at its ledger, and is told there. */
function knownFrom(jobId: string, record: string): StoredJob | undefined {
  try {
    return newJob(jobId, record);
  } catch {
    return undefined;
  }
}
