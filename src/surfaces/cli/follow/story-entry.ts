// What a feed amounts to for a person: the entries that are shown, and where the job stands.
import type { LineEdit } from './tool-summary.js';

/** Who speaks when it is not the main Claude: the sub-agent's kind. */
type Speaker = string | undefined;

export type StoryEntry =
  /** A piece of a block that is still growing; the whole block follows as `said`. */
  | {
      readonly kind: 'growing';
      readonly block: 'text' | 'thinking';
      readonly thread: string;
      readonly text: string;
      readonly by: Speaker;
    }
  | {
      readonly kind: 'said';
      readonly block: 'text' | 'thinking';
      readonly thread: string;
      readonly text: string;
      readonly by: Speaker;
    }
  | {
      readonly kind: 'tool';
      readonly id: string;
      readonly name: string;
      readonly summary: string;
      readonly edit?: LineEdit;
      readonly by: Speaker;
    }
  | {
      readonly kind: 'result';
      readonly id: string;
      readonly text: string;
      readonly failed: boolean;
      readonly by: Speaker;
    }
  /** Something that happened to the job, or around Claude. */
  | { readonly kind: 'fact'; readonly tone: Tone; readonly text: string };

export type Tone = 'quiet' | 'plain' | 'good' | 'warning' | 'bad';

/** Where a job stands: what the status line shows. */
export interface Standing {
  readonly phase: string;
  /** Since when the job waits or the attempt runs, epoch milliseconds of the server. */
  readonly since: number | undefined;
  readonly turns: number;
  readonly costUsd: number;
}
