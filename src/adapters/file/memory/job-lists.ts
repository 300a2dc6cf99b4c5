// Which jobs there are, by status and creation: pages and counts without looking at every job.
import { AgenticoreError } from '../../../domain/errors.js';
import type { Job, JobStatus } from '../../../domain/job.js';
import type { JobQuery } from '../../../ports/event-log.js';

interface Place {
  readonly createdAt: number;
  readonly id: string;
}

export interface JobLists {
  /** Files a job under its new state; either side may be missing. */
  move(before: Job | undefined, after: Job | undefined): void;
  count(status: JobStatus): number;
  /** Newest first. Throws INVALID_REQUEST for a cursor that no page gave. */
  page(query: JobQuery): {
    ids: readonly string[];
    next?: string;
  };
}

const compare = (a: Place, b: Place): number =>
  a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Index of the first place at or above the given one. */
function lowerBound(places: readonly Place[], place: Place): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = places[middle];
    if (at && compare(at, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function parseCursor(cursor: string): Place {
  const [, createdAt, id] = /^(\d{1,16})\.([A-Za-z0-9._-]{1,128})$/.exec(cursor) ?? [];
  if (createdAt === undefined || id === undefined) {
    throw new AgenticoreError('INVALID_REQUEST', 'This page cursor is not one of ours; begin without it.');
  }
  return { createdAt: Number(createdAt), id };
}

/** Lists of no jobs. */
export function createJobLists(): JobLists {
  const all: Place[] = [];
  const byStatus = new Map<JobStatus, Place[]>();
  const ofStatus = (status: JobStatus): Place[] => {
    const places = byStatus.get(status) ?? [];
    byStatus.set(status, places);
    return places;
  };
  const add = (places: Place[], job: Job): void => {
    const place = { createdAt: job.createdAt, id: job.id };
    places.splice(lowerBound(places, place), 0, place);
  };
  const remove = (places: Place[], job: Job): void => {
    const at = lowerBound(places, job);
    if (places[at]?.id === job.id) places.splice(at, 1);
  };

  return {
    move(before, after) {
      if (before?.status !== after?.status) {
        if (before) remove(ofStatus(before.status), before);
        if (after) add(ofStatus(after.status), after);
      }
      if (before && !after) remove(all, before);
      if (after && !before) add(all, after);
    },
    count: (status) => ofStatus(status).length,
    page({ status, limit, before }) {
      const places = status === undefined ? all : ofStatus(status);
      const end = before === undefined ? places.length : lowerBound(places, parseCursor(before));
      const start = Math.max(0, end - limit);
      const found = places.slice(start, end).reverse();
      const oldest = found.at(-1);
      const next = start > 0 && oldest ? { next: `${oldest.createdAt}.${oldest.id}` } : {};
      return { ids: found.map(({ id }) => id), ...next };
    },
  };
}
