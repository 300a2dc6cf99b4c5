// What a pull request says when the profile does not say otherwise.
import type { Job } from './job.js';

const TITLE_LENGTH = 72;

/** First line of the job's own words, cut at a word, as the title. */
export function pullRequestTitle(task: string): string {
  const line = task.trim().split('\n', 1)[0]?.trim() ?? '';
  if (line.length <= TITLE_LENGTH) return line;
  const cut = line.slice(0, TITLE_LENGTH - 1);
  const lastSpace = cut.lastIndexOf(' ');
  return `${lastSpace > TITLE_LENGTH / 2 ? cut.slice(0, lastSpace) : cut}…`;
}

/** What was asked, what Claude says it did, and where to look it up. */
export function pullRequestBody(job: Job, answer: string | undefined): string {
  const facts = [
    `Job: ${job.id}`,
    `Profile: ${job.order.profile}`,
    `Cost: $${job.costUsd.toFixed(4)}`,
    `Turns: ${job.numTurns}`,
  ];
  return [
    `## Asked\n\n${job.order.task}`,
    `## Done\n\n${answer ?? 'Claude gave no summary.'}`,
    facts.join('  \n'),
  ].join('\n\n');
}

/** Message of the commit that keeps what Claude left uncommitted. */
export const leftoverCommitMessage = (job: Job): string =>
  `${pullRequestTitle(job.order.task)}\n\nClaude left these changes uncommitted; Agenticore committed them when the attempt ended.\n\nAgenticore-Job: ${job.id}`;

/** The branch a job's work is pushed to. */
export const branchOf = (jobId: string): string => `agenticore-${jobId}`;
