// What a worker that waits at a lane offers, and what it is given.
import type { FirstAttempt } from '../../ports/first-attempt.js';
import type { StoredJob } from '../../ports/stored-job.js';
import { type LaneEntry, laneEntries } from './lane-entries.js';
import { asList, asText } from './reply.js';
import { type StartTemplate, startedWith } from './start-template.js';
import { createLine, type Line } from './waiting-line.js';

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
  heard: readonly string[];
  /** Ids of the entries of which we have heard: a message and an answer may both tell them. */
  readonly told: Set<string>;
  isServed: boolean;
}

/** A place at which nobody waits yet. */
export const createPlace = (
  wanted: Wanted,
  template: StartTemplate | undefined,
  callsBegin: string,
): Place => ({
  wanted,
  template,
  callsBegin,
  line: createLine(),
  surplus: [],
  standing: undefined,
  inDoubt: new Set(),
  heard: [],
  told: new Set(),
  isServed: false,
});

/** The call that made it names it. */
export interface Offer {
  readonly call: string;
  readonly count: number;
  readonly json: string;
}

/** What a call was given. */
export interface Message {
  readonly call: string;
  readonly entries: readonly unknown[];
}

/** What wait.lua answers when there is no room for the offer. */
export const FULL = 'full';

/** Undefined for what is no message of ours. */
export function readMessage(message: string): Message | undefined {
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
