// Prompts that lead a model to the right profile: what a person picks from a menu of their client.
import type { ProfileStore } from '../../../ports/profile-store.js';
import type { Prompt } from '../shelf.js';

interface Recipe {
  readonly name: string;
  /** The profile that it is for; without it on the server there is no prompt. */
  readonly profile: string;
  readonly title: string;
  readonly description: string;
  /** The argument that says what is to be done, and how the task begins. */
  readonly subject: { readonly name: string; readonly description: string };
  readonly task: (subject: string) => string;
}

const RECIPES: readonly Recipe[] = [
  {
    name: 'fix',
    profile: 'code',
    title: 'Have something fixed',
    description:
      'Hands a defect to Claude Code on the server, which works on a branch of its own and pushes it.',
    subject: { name: 'problem', description: 'What is wrong, and how one sees it' },
    task: (problem) =>
      `Find the cause of this problem and fix it. Add a test that fails without the fix.\n\n${problem}`,
  },
  {
    name: 'review',
    profile: 'review',
    title: 'Have something reviewed',
    description: 'Has Claude Code on the server read code and say what it found. Changes nothing.',
    subject: { name: 'focus', description: 'What to look at, and what for' },
    task: (focus) => `Review this repository and say what you found, the gravest first.\n\n${focus}`,
  },
  {
    name: 'plan',
    profile: 'plan',
    title: 'Have a change planned',
    description: 'Has Claude Code on the server work out how a change would be made. Changes nothing.',
    subject: { name: 'goal', description: 'What shall be different afterwards' },
    task: (goal) =>
      `Work out a plan for this change, step by step, with the files that it touches.\n\n${goal}`,
  },
];

/** Prompts for those of the bundled profiles that the server has. */
export async function jobPrompts(profiles: ProfileStore): Promise<readonly Prompt[]> {
  const known = new Set(
    (await profiles.list()).filter(({ error }) => error === undefined).map(({ name }) => name),
  );
  return RECIPES.filter(({ profile }) => known.has(profile)).map(promptOf);
}

const promptOf = ({ name, profile, title, description, subject, task }: Recipe): Prompt => ({
  definition: {
    ...{ name, title, description },
    arguments: [
      { ...subject, required: true },
      { name: 'repo_url', description: 'The repository, https:// or ssh://', required: true },
      { name: 'base_ref', description: "Branch, tag or commit; default: the remote's default branch" },
    ],
  },
  get(args) {
    const request = {
      task: task(args[subject.name] ?? ''),
      repo_url: args.repo_url,
      profile,
      base_ref: args.base_ref,
    };
    const text = `Call the tool run_task of agenticore with exactly these arguments:\n\n${JSON.stringify(request, null, 2)}\n\nIf the job is still running when the tool returns, call get_job with its id until it has ended. Then tell me what came out of it: the final answer, and the branch or pull request if there is one.`;
    return { description, messages: [{ role: 'user', content: { type: 'text', text } }] };
  },
});
