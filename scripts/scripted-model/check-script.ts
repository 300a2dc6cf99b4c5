// Finds what a schema cannot say is wrong in a script, so that its author learns of it before any model call.
import { readExpression } from './pattern.js';
import type { Alternative, Fault, Pattern, Script } from './script.js';
import { findUnknownSlots } from './template.js';

const ofStatus = ['error_type', 'message', 'retry_after', 'rate_limit', 'headers'];

/** Every mistake, in words that name the step; empty when the script is sound. */
export function findProblems(script: Script): readonly string[] {
  const problems = script.match === undefined ? [] : findBrokenPattern(script.match, 'match');
  const captures = script.match === undefined || problems.length > 0 ? [] : groupNames(script.match);
  for (const [at, step] of script.steps.entries()) {
    const where = `step ${at + 1}`;
    if (step.either === undefined) {
      problems.push(...findReplyProblems(step, where, captures));
      continue;
    }
    if (Object.keys(step).length > 1) problems.push(`${where}: nothing can stand beside \`either\``);
    for (const [nth, alternative] of step.either.entries()) {
      const name = `${where}, alternative ${nth + 1}`;
      if (alternative.when)
        problems.push(...findBrokenPattern(alternative.when.tool_result, `${name}: when`));
      problems.push(...findReplyProblems(alternative, name, captures));
    }
  }
  return problems;
}

function findReplyProblems(reply: Alternative, where: string, captures: readonly string[]): string[] {
  const problems = findUnknownSlots([reply.think, reply.say, reply.call], captures).map(
    (slot) => `${where}: ${slot} is unknown`,
  );
  const isSilent = reply.think === undefined && reply.say === undefined && reply.call === undefined;
  if (isSilent && (reply.fault === undefined || reply.fault.times !== undefined))
    problems.push(`${where}: nothing to think, say or call`);
  if (reply.fault) problems.push(...findFaultProblems(reply.fault).map((problem) => `${where}: ${problem}`));
  return problems;
}

function findFaultProblems(fault: Fault): string[] {
  const keys = Object.keys(fault);
  if ('status' in fault === 'kind' in fault) return ['a fault has either a `status` or a `kind`'];
  if ('kind' in fault && keys.some((key) => ofStatus.includes(key)))
    return [`a fault of a kind cannot have ${ofStatus.filter((key) => keys.includes(key)).join(', ')}`];
  if (keys.includes('at') && !('kind' in fault && fault.kind === 'cut')) return ['only a cut has `at`'];
  return [];
}

function findBrokenPattern(pattern: Pattern, where: string): string[] {
  try {
    readExpression(pattern);
    return [];
  } catch (error) {
    return [`${where}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function groupNames(match: Pattern): readonly string[] {
  return readExpression(match) === undefined
    ? []
    : [...match.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name ?? '');
}
