// Fills {{...}} in a script's texts and tool inputs from the conversation.
import type { DueStep } from './due-step.js';
import { isRecord, type ModelRequest } from './request.js';

export type Values = Pick<DueStep, 'prompt' | 'results' | 'capture'> & { readonly cwd: string | undefined };

const slot = /\{\{\{\{|\{\{\s*(\w+)(?:\.(\w+))?\s*\}\}/g;

/** The text with its slots filled; `{{{{` stands for two braces. Throws Error naming a slot that has no value. */
export function fillText(text: string, values: Values): string {
  return text.replace(slot, (whole: string, name: string | undefined, part: string | undefined) => {
    if (name === undefined) return '{{';
    const value = findValue(name, part, values);
    if (value === undefined) throw new Error(`${whole} has no value here`);
    return value;
  });
}

/** A copy of a tool's input with every string in it filled. */
export function fillInput(input: unknown, values: Values): unknown {
  if (typeof input === 'string') return fillText(input, values);
  if (Array.isArray(input)) return input.map((item) => fillInput(item, values));
  if (isRecord(input))
    return Object.fromEntries(Object.entries(input).map(([key, item]) => [key, fillInput(item, values)]));
  return input;
}

/** The working directory that the CLI tells the model of, in its system prompt. */
export function findCwd(request: ModelRequest): string | undefined {
  return /[Ww]orking directory: *(\/.*)/.exec(request.system)?.[1]?.trim();
}

function findValue(name: string, part: string | undefined, values: Values): string | undefined {
  if (name === 'capture' && part !== undefined) return values.capture[part];
  if (name === 'result' && part !== undefined) return values.results[Number(part) - 1];
  if (part !== undefined) return undefined;
  if (name === 'result') return values.results.length === 0 ? undefined : values.results.join('\n');
  if (name === 'prompt') return values.prompt;
  if (name === 'cwd') return values.cwd;
  return undefined;
}

/** The slots in any string of `content` that no conversation could ever fill. */
export function findUnknownSlots(content: unknown, captures: readonly string[]): readonly string[] {
  if (typeof content === 'string')
    return [...content.matchAll(slot)]
      .filter((found) => !isKnown(found[1], found[2], captures))
      .map(([whole]) => whole);
  if (Array.isArray(content)) return content.flatMap((item) => findUnknownSlots(item, captures));
  return isRecord(content) ? findUnknownSlots(Object.values(content), captures) : [];
}

function isKnown(name: string | undefined, part: string | undefined, captures: readonly string[]): boolean {
  if (name === undefined) return true;
  if (name === 'capture') return part !== undefined && captures.includes(part);
  if (name === 'result') return part === undefined || /^[1-9]\d*$/.test(part);
  return part === undefined && (name === 'prompt' || name === 'cwd');
}
