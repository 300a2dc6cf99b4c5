// The job's own events in words, and what each does to where the job stands.

import { type JsonObject, numberAt, objectsAt, textAt, textsAt } from '../server/json-fields.js';
import { countOf, formatCost, formatDuration, timeOf } from '../terminal/amounts.js';
import { oneLine } from '../terminal/printable.js';
import type { Standing, StoryEntry, Tone } from './story-entry.js';

/** What people read of an event; nothing for events that only move the status line. */
export function eventEntries(event: JsonObject): readonly StoryEntry[] {
  const said = sentenceOf(event);
  const sentences = said === undefined ? [] : [said, ...findingsOf(event)];
  return sentences.map(([tone, text]) => ({ kind: 'fact', tone, text: oneLine(text) }));
}

/** What a guard has found: a line for each. */
const findingsOf = (event: JsonObject): readonly (readonly [Tone, string])[] =>
  objectsAt(event, 'findings').map((finding) => {
    const [what, path, commit] = ['what', 'path', 'commit'].map((key) => textAt(finding, key));
    const line = numberAt(finding, 'line');
    const place = path === undefined ? commit?.slice(0, 10) : [path, line].filter(Boolean).join(':');
    return ['warning', `${[place, what].filter(Boolean).join(': ')}`];
  });

function sentenceOf(event: JsonObject): readonly [Tone, string] | undefined {
  const text = (key: string): string => textAt(event, key) ?? '';
  switch (textAt(event, 'type')) {
    case 'AttemptStarted': {
      const attempt = numberAt(event, 'attempt') ?? 1;
      return attempt > 1
        ? ['plain', `Attempt ${attempt} started on ${text('host') || 'a worker'}.`]
        : undefined;
    }
    case 'WorkspaceOpened': {
      const branch = textAt(event, 'branch');
      if (branch === undefined) return ['quiet', `Working in ${text('path')}`];
      const base = textAt(event, 'base_ref');
      const oid = text('base_oid').slice(0, 10);
      const from = [base, oid].filter(Boolean).join(' ');
      return ['quiet', `Working on ${branch}, ${event.kept === true ? 'as it was left' : `from ${from}`}`];
    }
    case 'SetupFinished':
      return event.passed === true
        ? ['quiet', `Set up: ${namesOf(event)}`]
        : ['bad', `The setup failed: ${lastEnd(event)}`];
    case 'VerificationFinished':
      return event.passed === true
        ? ['good', `Verified: ${namesOf(event)}`]
        : ['warning', `Verification ${numberAt(event, 'round') ?? ''} failed: ${lastEnd(event)}`];
    case 'ClaudeStarted':
      return event.resumed === true ? ['plain', 'Claude goes on where it was interrupted.'] : undefined;
    case 'ClaudeFinished':
      return [
        'quiet',
        `Claude finished: ${countOf(numberAt(event, 'num_turns') ?? 0, 'turn')}, ${formatCost(numberAt(event, 'cost_usd') ?? 0)}`,
      ];
    case 'CommitReady':
      return event.left_uncommitted === true
        ? ['plain', `Committed what Claude had left uncommitted: ${text('oid').slice(0, 10)}`]
        : ['plain', `Commit ${text('oid').slice(0, 10)}`];
    case 'PushBlocked':
      return ['warning', `The push was blocked: ${countOf(numberAt(event, 'total') ?? 0, 'finding')}`];
    case 'BranchPushed':
      return ['good', `Pushed ${text('branch')}`];
    case 'PullRequestOpened':
      return ['good', [`Pull request ${text('url')}`, ...textsAt(event, 'shortfalls')].join('\n')];
    case 'PullRequestFailed':
      return ['warning', `The pull request could not be opened: ${text('error')}`];
    case 'CancelRequested': {
      const by = textAt(event, 'by');
      return [
        'warning',
        by === undefined || by === 'anonymous' ? 'Cancel requested' : `Cancel requested by ${by}`,
      ];
    }
    case 'AttemptFailed':
      return [
        'warning',
        `Attempt ${numberAt(event, 'attempt') ?? ''} failed: ${text('error')} It is tried again${inTime(event, 'retry_at')}.`,
      ];
    case 'AttemptLost':
      return [
        'warning',
        `Attempt ${numberAt(event, 'attempt') ?? ''} was lost: ${text('error')} The job waits for another worker.`,
      ];
    case 'AttemptParked':
    case 'JobParked':
      return ['warning', `Parked: ${text('error')} It goes on${inTime(event, 'until')}.`];
    case 'AttemptHandedBack':
      return ['plain', 'The worker shuts down and hands the job back; another one takes it up.'];
    default:
      return undefined; // the endings are told by the summary
  }
}

const namesOf = (event: JsonObject): string =>
  objectsAt(event, 'commands')
    .map((run) => textAt(run, 'command'))
    .join(', ');

/** How the last command ended, with the last line that it said. */
function lastEnd(event: JsonObject): string {
  const run = objectsAt(event, 'commands').at(-1);
  const code = numberAt(run, 'exit_code');
  const said = (textAt(event, 'output') ?? '').split('\n').at(-1) ?? '';
  const how = code === undefined ? 'was killed' : `ended with exit code ${code}`;
  return `${textAt(run, 'command') ?? ''} ${how}${said === '' ? '' : ` (${said})`}`;
}

/** ` in 30s`, counted from the event itself, so that clocks need not agree; '' when the time is not known. */
function inTime(event: JsonObject, key: string): string {
  const from = timeOf(textAt(event, 'at'));
  const until = timeOf(textAt(event, key));
  return from === undefined || until === undefined ? '' : ` in ${formatDuration(until - from)}`;
}

/** The standing after an event. */
export function eventStanding(before: Standing, event: JsonObject): Standing {
  const at = timeOf(textAt(event, 'at'));
  const phase = (name: string): Standing => ({ ...before, phase: name });
  switch (textAt(event, 'type')) {
    case 'JobSubmitted':
      return { ...before, phase: 'queued', since: at };
    case 'AttemptStarted':
      return { ...before, phase: 'cloning', since: at };
    case 'WorkspaceOpened':
      return phase('preparing');
    case 'SetupFinished':
      return phase('starting claude');
    case 'ClaudeStarted':
      return phase('claude');
    case 'ClaudeFinished':
      return {
        ...phase('verifying, committing'),
        costUsd: before.costUsd + (numberAt(event, 'cost_usd') ?? 0),
      };
    case 'VerificationFinished':
      return phase(event.passed === true ? 'committing' : 'starting claude');
    case 'CommitReady':
      return phase('pushing');
    case 'BranchPushed':
      return phase('finishing');
    case 'CancelRequested':
      return phase('stopping');
    case 'AttemptFailed':
    case 'AttemptLost':
    case 'AttemptHandedBack':
      return { ...before, phase: 'waiting for the next attempt', since: at };
    case 'AttemptParked':
    case 'JobParked':
      return { ...before, phase: 'parked', since: at };
    default:
      return before;
  }
}
