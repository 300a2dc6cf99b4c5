// What a pull request says: the profile's templates, else what was asked, what was done, how it was verified and where
// to look it up, below the repository's own template where it has one.
import { contained, cut, inlineCode, quoted } from './harmless-markdown.js';
import type { Job } from './job.js';
import type { PullRequestPolicy } from './profile.js';

/** What there is to say of a job's work. Texts are free of secrets. */
export interface PullRequestFacts {
  readonly task: string;
  /** Claude's last words. */
  readonly summary?: string | undefined;
  readonly baseRef: string;
  /** The commands that looked the work over, in order. Undefined: nobody says. */
  readonly verification?: readonly { readonly command: string; readonly passed: boolean }[] | undefined;
  /** The repository's own template. */
  readonly template?: string | undefined;
}

export interface PullRequestText {
  readonly title: string;
  readonly body: string;
}

const TITLE_LENGTH = 72;
/** GitHub takes no more. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;
/** So long may the parts be that somebody else wrote: together they leave room for ours. */
const MAX_TASK = 10_000;
const MAX_SUMMARY = 20_000;
const MAX_TEMPLATE = 20_000;
const MAX_CLOSINGS = 20;

/** Title and body of the pull request for the work of `job`. */
export function pullRequestText(
  job: Job,
  facts: PullRequestFacts,
  { title, body }: PullRequestPolicy,
): PullRequestText {
  const values = {
    TASK: contained(facts.task, MAX_TASK),
    SUMMARY: contained(facts.summary ?? '', MAX_SUMMARY),
    JOB_ID: job.id,
    REPO_URL: job.order.repoUrl ?? '',
    BASE_REF: facts.baseRef,
    PROFILE: job.order.profile,
  };
  const closings = closingReferences(facts.task).join('\n');
  const text = body === undefined ? usualBody(job, facts) : fill(body, values);
  return {
    title: title === undefined ? pullRequestTitle(facts.task) : oneLine(fill(title, values)),
    body: [cut(text, MAX_BODY - closings.length - 2), closings].filter((part) => part !== '').join('\n\n'),
  };
}

/** First line of the job's own words, cut at a word, as the title. */
export function pullRequestTitle(task: string): string {
  const line = oneLine(task.trim().split('\n', 1)[0] ?? '');
  if (line.length <= TITLE_LENGTH) return line;
  const start = line.slice(0, TITLE_LENGTH - 1);
  const lastSpace = start.lastIndexOf(' ');
  return `${lastSpace > TITLE_LENGTH / 2 ? start.slice(0, lastSpace) : start}…`;
}

/** In one pass: what a value brings along is not filled in again. */
const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{\{ *([A-Z_]+) *\}\}/g, (placeholder, name: string) => values[name] ?? placeholder);

const oneLine = (text: string): string =>
  text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_TITLE);

function usualBody(job: Job, { task, summary, verification, template }: PullRequestFacts): string {
  const trace = job.order.traceparent?.split('-')[1];
  const whereabouts = [
    `Job ${inlineCode(job.id)}`,
    `profile ${inlineCode(job.order.profile)}`,
    `${job.numTurns} turns`,
    `$${job.costUsd.toFixed(4)}`,
    ...(trace === undefined ? [] : [`trace ${inlineCode(trace)}`]),
  ];
  return [
    ...(template === undefined ? [] : [cut(template.trim(), MAX_TEMPLATE)]),
    `## Asked\n\n${quoted(task, MAX_TASK)}`,
    `## Done\n\n${summary === undefined ? 'Claude gave no summary.' : contained(summary, MAX_SUMMARY)}`,
    ...(verification === undefined ? [] : [`## Verified\n\n${verificationText(verification)}`]),
    `---\n\n${whereabouts.join(' · ')}`,
  ].join('\n\n');
}

function verificationText(verification: NonNullable<PullRequestFacts['verification']>): string {
  if (verification.length === 0) return 'Nothing: the profile has no `verify` commands.';
  const lines = verification.map(
    ({ command, passed }) => `- ${inlineCode(command)} ${passed ? 'passed' : '**failed**'}`,
  );
  return cut(lines.join('\n'), MAX_TASK);
}

const CLOSING =
  /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?[ \t]+(?:(?:[\w.-]+\/[\w.-]+)?#\d+|https:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/issues\/\d+)\b/gi;

/** The issues that the task says its work closes, in its words: in a quotation they would count for nothing. */
const closingReferences = (task: string): readonly string[] =>
  [...new Set(task.match(CLOSING) ?? [])].slice(0, MAX_CLOSINGS);

/** Message of the commit that keeps what Claude left uncommitted. */
export const leftoverCommitMessage = (jobId: string, task: string): string =>
  `${pullRequestTitle(task)}\n\nClaude left these changes uncommitted; Agenticore committed them when the attempt ended.\n\nAgenticore-Job: ${jobId}`;

/** The branch a job's work is pushed to. */
export const branchOf = (jobId: string): string => `agenticore-${jobId}`;
