// Tells what a feed's frames mean to a person: one entry per thing worth a line, and where the job stands now.
import type { Frame } from '../server/feed-client.js';
import type { JobView } from '../server/job-view.js';
import { type JsonObject, parseObject } from '../server/json-fields.js';
import { timeOf } from '../terminal/amounts.js';
import { eventEntries, eventStanding } from './event-entries.js';
import { createMessageTeller } from './message-entries.js';
import type { Standing, StoryEntry } from './story-entry.js';

export interface Story {
  /** Entries for one frame; empty for frames that mean nothing to a person. Unknown frames are no error. */
  tell(frame: Frame): readonly StoryEntry[];
  standing(): Standing;
}

/** `job`: how things stood where the feed is taken up, when that is not its start. */
export function createStory(job?: JobView): Story {
  let standing: Standing = standingOf(job);
  let workspace = job?.worktreePath ?? '';
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

const standingOf = (job: JobView | undefined): Standing => ({
  phase: job?.status === 'running' ? 'claude' : 'queued',
  since: timeOf(job?.startedAt ?? job?.createdAt),
  turns: 0,
  costUsd: job?.costUsd ?? 0,
});
