// What a worker that waits at a lane offers, and what it is given.
import type { FirstAttempt } from '../../ports/first-attempt.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList, asText } from './reply.js';
import { type StartTemplate, startedWith } from './start-template.js';
import type { Line } from './waiting-line.js';

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
  readonly line: Line<Given>;
  /** What came for more than were left: for whoever comes next. */
  surplus: readonly Given[];
  /** The offer that stands, if one does. */
  standing: Offer | undefined;
  /** Calls that may have been given something of which we have not heard, and when each was sent (performance.now). */
  readonly inDoubt: Map<string, number>;
  /** Calls whose message came: Redis need not keep any more what they were given. */
  heard: readonly string[];
  isServed: boolean;
}

/** The call that made it names it. */
export interface Offer {
  readonly call: string;
  readonly count: number;
  readonly json: string;
  readonly template: StartTemplate | undefined;
}

/** What wait.lua answers when there is no room for the offer. */
export const FULL = 'full';

/** Of one offer; undefined for what is no message of ours. */
export function readMessage(
  message: string,
): { readonly call: string; readonly entries: readonly unknown[] } | undefined {
  try {
    const [call, entries] = asList(JSON.parse(message));
    return { call: asText(call), entries: asList(entries) };
  } catch {
    return undefined;
  }
}

/** The entries of a message or an answer; `template`: how the first attempts of the worker start. */
export function givenBy(reply: readonly unknown[], template: StartTemplate | undefined): readonly Given[] {
  return laneEntries(reply).map((entry) => ({ entry, started: template && startedWith(template, entry) }));
}
