// First attempts that start in the script that claims their jobs: it knows of a job what its lane entry says, and all
// records of one call differ in their time and the hash of the record before only.
import { firstStart } from '../../domain/decide.js';
import { aroundPrev } from '../../domain/evidence.js';
import { evolve } from '../../domain/job.js';
import type { JobEvent } from '../../domain/job-event.js';
import type { FirstAttempt } from '../../ports/first-attempt.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { sha256 } from '../host/sha256.js';
import type { Keys } from './keys.js';
import type { LaneEntry } from './lane-entries.js';

/** The members are those that the head of start.lua names. */
export interface StartTemplate {
  readonly breaker: string;
  readonly lead: string;
  readonly before: string;
  readonly behind: string;
}

/** Stands where the time of the attempt comes; members of a record are in the order of their names. */
const AT = 0;
const LEAD = '{"at":';

/** How the first attempts of a worker start. */
export function startTemplate(worker: string, { host, credential }: FirstAttempt, keys: Keys): StartTemplate {
  const [before, behind] = aroundPrev(firstStart(worker, host, AT), 2);
  return {
    breaker: keys.breaker(credential),
    lead: LEAD,
    before: before.slice(`${LEAD}${AT}`.length),
    behind,
  };
}

/** The job of an entry whose attempt has started with its claim, as it is then; undefined of all others. */
export function startedWith(
  { lead, before, behind }: StartTemplate,
  { known, startedAt }: LaneEntry,
): StoredJob | undefined {
  if (known === undefined || startedAt === undefined) return undefined;
  const [front, { job, head }] = [`${lead}${startedAt}${before}`, known];
  const event: JobEvent = JSON.parse(front + behind); // what evolves a job has no use for the hash
  return { job: evolve(job, event), head: () => sha256(`${front}${head()}${behind}`) };
}
