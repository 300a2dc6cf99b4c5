// What happens in a job, in a few words each: what a person reads beside a spinner.
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

const EVENTS: Readonly<Record<string, string>> = {
  JobSubmitted: 'Submitted',
  AttemptStarted: 'Started',
  WorkspaceOpened: 'The repository is ready',
  ClaudeStarted: 'Claude has started',
  ClaudeFinished: 'Claude has finished',
  CommitReady: 'The work is committed',
  BranchPushed: 'The branch is pushed',
  PullRequestOpened: 'The pull request is open',
};

/** Empty for what is not worth a word. */
export function said({ kind, type, data }: FeedEntry): readonly string[] {
  if (kind === 'event') return [EVENTS[type] ?? type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ')];
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
