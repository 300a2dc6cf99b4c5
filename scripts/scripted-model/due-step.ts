// Finds which script a request belongs to and which of its steps is due, from the request's own history alone: a
// retry, a resumed session and parallel conversations therefore need no state in the server.

import { matchPattern } from './pattern.js';
import type { Block, Message, ModelRequest } from './request.js';
import type { Reply, Script } from './script.js';

export type DueStep = {
  readonly script: Script;
  readonly reply: Reply;
  readonly stepIndex: number; // from 0
  readonly promptIndex: number; // the message that the script matched
  readonly prompt: string;
  readonly results: readonly string[]; // of the tool calls of the step before, in the order of the calls
  readonly capture: Readonly<Record<string, string>>;
};

/** The step that answers this request, or the reason why there is none. */
export function findDueStep(
  request: ModelRequest,
  scripts: readonly Script[],
): DueStep | { readonly problem: string } {
  const found = findPrompt(request.messages, scripts);
  if (found === undefined) {
    const last = request.messages.flatMap(promptsOf).at(-1) ?? '';
    return {
      problem: `No script matches. The last text of the user begins: ${JSON.stringify(last.slice(0, 200))}`,
    };
  }
  const { script, promptIndex, prompt, capture } = found;
  const since = request.messages.slice(promptIndex + 1);
  const stepIndex = countAnswers(request.messages, promptIndex);
  const where = `Script ${JSON.stringify(script.name)}, step ${stepIndex + 1}`;
  const step = script.steps[stepIndex];
  if (step === undefined) return { problem: `${where}: the script has only ${script.steps.length} steps.` };
  const results = lastResults(since);
  const reply =
    step.either === undefined
      ? step
      : step.either.find(
          ({ when }) => when === undefined || matchPattern(when.tool_result, results.join('\n')),
        );
  if (reply === undefined)
    return {
      problem: `${where}: no alternative fits the tool result ${JSON.stringify(results.join('\n').slice(0, 200))}`,
    };
  return { script, reply, stepIndex, promptIndex, prompt, results, capture };
}

type FoundPrompt = Pick<DueStep, 'script' | 'promptIndex' | 'prompt' | 'capture'>;

// The latest prompt decides; scripts without `match` come last, whatever the order of the files.
function findPrompt(messages: readonly Message[], scripts: readonly Script[]): FoundPrompt | undefined {
  const fallback = scripts.find((script) => script.match === undefined);
  for (let promptIndex = messages.length - 1; promptIndex >= 0; promptIndex--) {
    // After a turn that failed, its prompt and the next stand in one message.
    for (const prompt of promptsOf(messages[promptIndex]).toReversed()) {
      for (const script of scripts) {
        const match = script.match === undefined ? undefined : matchPattern(script.match, prompt);
        if (match) return { script, promptIndex, prompt, capture: match.groups };
      }
      if (fallback && !isNote(prompt)) return { script: fallback, promptIndex, prompt, capture: {} };
    }
  }
  return undefined;
}

const reminder = /<system-reminder>[\s\S]*?<\/system-reminder>/g;

// The CLI sends this after an answer of which it kept nothing.
const nudge = '[Your previous response had no visible output.';

// What the CLI writes on the user's side of a conversation in the middle of a turn. It starts no script from its
// beginning, but a script can match it: `match: <task-notification>`.
const notes = [
  /\[Request interrupted by user[^\]]*\]/g,
  /\[Your previous response had no visible output\.[^\]]*\]/g,
  /Output token limit hit\. Resume directly[^\n]*/g,
  /Continue from where you left off\./g,
  /<(task-notification|command-\w+|local-command-\w+)>[\s\S]*?<\/\1>/g,
];

/** The texts on the user's side of a message, without the reminders of the CLI. */
function promptsOf(message: Message | undefined): readonly string[] {
  if (message?.role !== 'user') return [];
  return message.blocks
    .map((block) => (block.type === 'text' ? block.text.replace(reminder, '').trim() : ''))
    .filter((text) => text !== '');
}

function isNote(prompt: string): boolean {
  return notes.reduce((rest, note) => rest.replace(note, ''), prompt).trim() === '';
}

/** How often the model has answered the prompt so far, answers that the CLI forgot included. */
function countAnswers(messages: readonly Message[], promptIndex: number): number {
  const since = messages.slice(promptIndex);
  const kept = since.filter((message) => message.role === 'assistant').length;
  return kept + since.filter((message) => promptsOf(message).some((text) => text.includes(nudge))).length;
}

function lastResults(since: readonly Message[]): readonly string[] {
  const lastCall = since.findLast((message) => message.blocks.some((block) => block.type === 'tool_use'));
  const answers = since.flatMap((message) => message.blocks).filter((block) => block.type === 'tool_result');
  const resultOf = (block: Block): string[] =>
    block.type === 'tool_use'
      ? answers
          .filter(({ toolUseId }) => toolUseId === block.id)
          .map(({ text }) => text.replace(reminder, '').trim())
      : [];
  return lastCall?.blocks.flatMap(resultOf) ?? [];
}
