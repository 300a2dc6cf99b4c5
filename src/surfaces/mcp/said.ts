// What happens in a job, in a few words each: what a person reads beside a spinner.
import type { Afterword } from '../../domain/endings.js';
import type { JobEvent } from '../../domain/job-event.js';
import { isRecord } from '../../domain/json-record.js';
import type { FeedEntry } from '../../ports/feed.js';

const MOST_CHARACTERS = 160;

/** Inputs of tools that say what a call does, the most telling first. */
const TELLING = [
  'command',
  'file_path',
  'notebook_path',
  'pattern',
  'url',
  'query',
  'description',
  'path',
  'skill',
];

const EVENTS: Readonly<Record<Exclude<JobEvent['type'], Afterword>, string>> = {
  JobSubmitted: 'Submitted',
  AttemptStarted: 'Started',
  WorkspaceOpened: 'The repository is ready',
  SetupFinished: 'The setup commands have run',
  ClaudeStarted: 'Claude has started',
  ClaudeFinished: 'Claude has finished',
  VerificationFinished: 'The verify commands have run',
  CommitReady: 'The work is committed',
  PushBlocked: 'The guard has stopped the push',
  BranchPushed: 'The branch is pushed',
  PullRequestOpened: 'The pull request is open',
  PullRequestFailed: 'The pull request could not be opened',
  CancelRequested: 'It is asked to stop',
  AttemptFailed: 'The attempt failed; another follows',
  AttemptLost: 'The worker was lost; another attempt follows',
  AttemptParked: 'Waits until the usage limit is over',
  JobParked: 'Waits until the usage limit is over',
  AttemptHandedBack: 'The worker leaves; another goes on',
  JobSucceeded: 'Succeeded',
  JobFailed: 'Failed',
  JobCancelled: 'Cancelled',
  JobExpired: 'Expired',
};
const IN_WORDS: ReadonlyMap<string, string> = new Map(Object.entries(EVENTS));

/** Empty for what is not worth a word. */
export function said({ kind, type, data }: FeedEntry): readonly string[] {
  if (kind === 'event') return [IN_WORDS.get(type) ?? type]; // what a newer process of the fleet calls it
  if (kind !== 'message' || type !== 'assistant') return [];
  const { message }: Readonly<Record<string, unknown>> = JSON.parse(data);
  const content = isRecord(message) && isRecord(message.message) ? message.message.content : undefined;
  return Array.isArray(content) ? content.filter(isRecord).flatMap(blockInWords) : [];
}

function blockInWords(block: Readonly<Record<string, unknown>>): readonly string[] {
  if (block.type === 'text' && typeof block.text === 'string') return [oneLine(block.text)];
  if (block.type !== 'tool_use') return [];
  const input = isRecord(block.input) ? block.input : {};
  const telling = TELLING.map((name) => input[name]).find((value) => typeof value === 'string');
  return [oneLine(telling === undefined ? String(block.name) : `${String(block.name)}: ${String(telling)}`)];
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length <= MOST_CHARACTERS
    ? line
    : `${line.slice(0, MOST_CHARACTERS).replace(/\p{Surrogate}$/u, '')}…`;
}
