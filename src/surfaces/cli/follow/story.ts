// Tells what a feed's frames mean to a person: one entry per thing worth a line, and where the job stands now.
import type { Frame } from '../server/feed-client.js';
import { type JsonObject, parseObject } from '../server/json-fields.js';
import { eventEntries, eventStanding } from './event-entries.js';
import { createMessageTeller } from './message-entries.js';

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

export interface Story {
  /** Entries for one frame; empty for frames that mean nothing to a person. Unknown frames are no error. */
  tell(frame: Frame): readonly StoryEntry[];
  standing(): Standing;
}

export function createStory(): Story {
  let standing: Standing = { phase: 'queued', since: undefined, turns: 0, costUsd: 0 };
  let workspace = '';
  const messages = createMessageTeller(() => workspace);

  const tellEvent = (event: JsonObject): readonly StoryEntry[] => {
    standing = eventStanding(standing, event);
    if (event.type === 'WorkspaceOpened' && typeof event.path === 'string') workspace = event.path;
    if (event.type === 'AttemptStarted') messages.startAttempt();
    return eventEntries(event);
  };
  return {
    tell: (frame) => {
      const data = parseObject(frame.data) ?? {};
      if (frame.event === 'gap') {
        return [{ kind: 'fact', tone: 'warning', text: 'What came before is no longer kept.' }];
      }
      if (frame.event === 'delta') return messages.tellDelta(data);
      // Events are named in PascalCase, claude's messages in snake_case.
      if (/^[A-Z]/.test(frame.event)) return tellEvent({ ...data, type: frame.event });
      const told = messages.tellMessage(frame.event, data);
      standing = { ...standing, turns: messages.turns() };
      return told;
    },
    standing: () => standing,
  };
}
