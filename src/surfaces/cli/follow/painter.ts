// What every way of showing a followed job can do; live-painter, plain-painter and json-painter are the ways.
import type { Frame } from '../server/feed-client.js';
import type { Standing, StoryEntry } from './story-entry.js';

export interface Painter {
  /** A frame as it came, before its entries. */
  frame(frame: Frame): void;
  entry(entry: StoryEntry): void;
  /** Where the job stands after the entries so far. */
  standing(standing: Standing): void;
  /** The server is away (a reason), or back (undefined). */
  away(reason: string | undefined): void;
  /** Ends the drawing; nothing is painted afterwards. */
  close(): void;
}
