// How a script recognises a text: a part of it, or a regular expression.
import type { Pattern } from './script.js';

/** The match of a pattern in a text, or undefined. Throws SyntaxError when the regular expression is broken. */
export function matchPattern(pattern: Pattern, text: string): { groups: Record<string, string> } | undefined {
  const expression = readExpression(pattern);
  if (expression === undefined) return text.includes(pattern) ? { groups: {} } : undefined;
  const found = expression.exec(text);
  return found === null ? undefined : { groups: { ...found.groups } };
}

/** The regular expression written as `/.../flags`, or undefined when the pattern is plain text. */
export function readExpression(pattern: Pattern): RegExp | undefined {
  const written = /^\/(.+)\/([imsu]*)$/s.exec(pattern);
  return written?.[1] === undefined ? undefined : new RegExp(written[1], written[2]);
}
