// Where a reader of an answer stands, so that any process can go on from there: counted in what does not depend on how
// the answer was cut into frames.
import { invalid } from '../../http/limits.js';

export interface Place {
  /** Frames without text that have passed: the role, the ends of text blocks, the stop, the usage. */
  readonly ordinal: number;
  /** Characters (UTF-16 units) that have passed in either channel. */
  readonly reasoning: number;
  readonly content: number;
}

export const START: Place = { ordinal: 0, reasoning: 0, content: 0 };

/** What the id of the last frame ends with. */
export const END = '.end';

const PLACE = /^(\d{1,12})\.(\d{1,12})\.(\d{1,12})(\.end)?$/;

/** Reads the id of a frame. Throws INVALID_REQUEST. */
export function parsePlace(id: string): { readonly place: Place; readonly ended: boolean } {
  const match = PLACE.exec(id);
  if (match === null)
    throw invalid(
      'Last-Event-ID',
      'is not an id that this server gave; leave it out to start from the beginning',
    );
  const [, ordinal, reasoning, content, end] = match;
  const place = { ordinal: Number(ordinal), reasoning: Number(reasoning), content: Number(content) };
  return { place, ended: end !== undefined };
}
