// The reading room: a job's feed from its two files, the fleet stream from memory.

import { isCursor } from '../../domain/cursor.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { Feed } from '../../ports/feed.js';
import { unreachable } from './disk/growing-file.js';
import { readJobFeed } from './disk/kept-job.js';
import type { BusState } from './memory/bus-state.js';

/** The feeds over the jobs of `state`. A job's feed is kept as long as the job, unless its keeper trims it. */
export function createFeed({ jobs, fleet, bells }: BusState): Feed {
  return {
    async read(feed, after, limit) {
      if (after !== undefined && !isCursor(after)) {
        const details = [{ path: 'last_event_id', message: 'must be the id of a frame of this feed' }];
        throw new AgenticoreError('INVALID_REQUEST', undefined, { details });
      }
      if (feed.kind === 'fleet') return fleet.read(after, limit);
      const job = jobs.get(feed.jobId);
      if (job === undefined || limit < 1) return { entries: [], gap: false };
      return readJobFeed(job, after, limit).catch((error) => {
        throw unreachable(job.folder, error);
      });
    },
    async watch(feed, ring) {
      return bells.hang(feed, ring);
    },
  };
}
