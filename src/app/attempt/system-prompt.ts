// What Claude is told besides the task: where it works, the profile's instructions, the repository's own.
import type { Job } from '../../domain/job.js';
import type { Bench } from './open-bench.js';

/** The text appended to Claude's system prompt: one string, because the CLI takes only one. */
export async function systemPrompt(job: Job, { workspace, materialised, profile }: Bench): Promise<string> {
  const context = [
    'You work unattended as part of an Agenticore job; nobody can answer questions.',
    `Job: ${job.id}`,
    ...(workspace
      ? [
          `Repository: ${job.order.repoUrl}`,
          `Branch: ${workspace.branch} (already checked out here)`,
          `Base: ${workspace.baseRef}`,
        ]
      : ['There is no repository; the working directory is empty and private.']),
    ...(profile.verify.length === 0
      ? []
      : [
          `Your work must pass, in this directory: ${profile.verify.map((command) => `\`${command}\``).join(', ')}`,
        ]),
  ].join('\n');
  // A trusted repository's files are read by Claude itself; an untrusted one is given as text, never as settings.
  const ofRepository = workspace && !profile.trustRepository ? await workspace.instructions() : '';
  const sections = [context, materialised.instructions];
  if (ofRepository !== '')
    sections.push(`# The repository's own instructions (CLAUDE.md)\n\n${ofRepository}`);
  return sections.filter((section) => section !== '').join('\n\n');
}
