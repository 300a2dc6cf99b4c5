// What a worker that waits at a lane offers, and what it is given.
import type { FirstAttempt } from '../../ports/first-attempt.js';
import type { StoredJob } from '../../ports/stored-job.js';
import type { Keys } from './keys.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList, asText } from './reply.js';
import { type StartTemplate, startedWith, startTemplate } from './start-template.js';
import { createLine, give, type Line } from './waiting-line.js';

/** An entry that was claimed, and the job if its attempt has started with that. */
export interface Given {
  readonly entry: LaneEntry;
  readonly started: StoredJob | undefined;
  /** True when it was kept for whoever comes: its lease may have lapsed. */
  readonly isOld?: true;
}

export interface Wanted {
  /** Key of the lane. */
  readonly lane: string;
  /** Key of the offers there. */
  readonly offers: string;
  readonly worker: string;
  readonly start: FirstAttempt | undefined;
}

/** Where one worker waits at one lane. */
export interface Place {
  readonly wanted: Wanted;
  readonly template: StartTemplate | undefined;
  /** What the names of its calls begin with. */
  readonly callsBegin: string;
  readonly line: Line<Given>;
  /** What came for more than were left: for whoever comes next. */
  surplus: readonly Given[];
  /** The offer that stands, if one does. */
  standing: Offer | undefined;
  /** Calls that may have been given something of which we have not heard. */
  readonly inDoubt: Set<string>;
  /** Calls whose message came: Redis need not keep any more what they were given. */
  readonly heard: Set<string>;
  /** Ids of the entries of which we have heard: a message and an answer may both tell them. */
  readonly told: Set<string>;
  isServed: boolean;
}

export interface Places {
  /** Where who wants that waits. */
  of(wanted: Wanted): Place;
  all(): Iterable<Place>;
}

/** The places of a process, which is named `own`; nobody waits there yet. */
export function createPlaces(own: string, keys: Keys): Places {
  const places = new Map<string, Place>();
  return {
    of(wanted) {
      const { lane, worker, start } = wanted;
      const key = JSON.stringify([lane, worker, start]);
      const known = places.get(key);
      if (known !== undefined) return known;
      const place: Place = {
        wanted,
        template: start && startTemplate(worker, start, keys),
        callsBegin: `${own}-${places.size}-`,
        line: createLine(),
        surplus: [],
        standing: undefined,
        inDoubt: new Set(),
        heard: new Set(),
        told: new Set(),
        isServed: false,
      };
      places.set(key, place);
      return place;
    },
    all: () => places.values(),
  };
}

/** The call that made it names it. */
export interface Offer {
  readonly call: string;
  readonly count: number;
  readonly json: string;
}

/** What a call was given. */
export interface Message {
  readonly call: string;
  readonly entries: readonly LaneEntry[];
}

/** What wait.lua answers when there is no room for the offer. */
export const FULL = 'full';

/** Undefined for what is no message of ours. */
export function readMessage(message: string): Message | undefined {
  try {
    const [call, entries] = asList(JSON.parse(message));
    return { call: asText(call), entries: laneEntries(entries) };
  } catch {
    return undefined;
  }
}

/** How many entries that were told are remembered. */
const MOST_TOLD = 1_000;

/** Gives what is new of these entries to those who wait there. */
export function hand(place: Place, entries: readonly LaneEntry[]): void {
  const { line, template, told } = place;
  const given: Given[] = [];
  for (const entry of entries) {
    if (told.has(entry.entryId)) continue;
    const started = template && startedWith(template, entry);
    told.add(entry.entryId);
    given.push({ entry, started });
  }
  forgetOldest(told, MOST_TOLD);
  const left = give(line, given);
  if (left.length > 0)
    place.surplus = [...place.surplus, ...left.map((one) => ({ ...one, isOld: true as const }))];
}

/** Of those that were added first. */
export function forgetOldest(set: Set<string>, most: number): void {
  for (const oldest of set) {
    if (set.size <= most) return;
    set.delete(oldest);
  }
}
