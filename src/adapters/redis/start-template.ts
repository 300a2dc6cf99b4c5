// First attempts that start in the script that claims their jobs: it knows of a job what its lane entry says, and all
// records of one call differ in the hash of the record before only.
import { firstStart } from '../../domain/decide.js';
import { aroundPrev } from '../../domain/evidence.js';
import { evolve } from '../../domain/job.js';
import type { JobEvent } from '../../domain/job-event.js';
import type { NextFor } from '../../ports/event-log.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { sha256 } from '../host/sha256.js';
import type { Keys } from './keys.js';

/** The members are those that the head of next.lua names. */
export interface StartTemplate {
  readonly breaker: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly before: string;
  readonly behind: string;
}

/** Undefined when none may start so. */
export function startTemplate({ worker, start }: NextFor, keys: Keys): StartTemplate | undefined {
  if (start === undefined) return undefined;
  const at = Date.now();
  const [before, behind] = aroundPrev(firstStart(worker, start.host, at), 2);
  return { breaker: keys.breaker(start.credential), at, before, behind };
}

/** Makes of a job that has only been submitted what it is once its first attempt has started so. */
export function starting({ before, behind }: StartTemplate): (known: StoredJob) => StoredJob {
  const event: JobEvent = JSON.parse(before + behind); // what evolves a job has no use for the hash
  return ({ job, head }) => ({
    job: evolve(job, event),
    head: () => sha256(`${before}${head()}${behind}`),
  });
}
