// Takes secrets out of a text that comes in pieces, without keeping its reader waiting: of all that has come only a tail
// is held back that may be the beginning of a secret.
import { type Form, formsOfAll, PATTERNS, type Pattern, replaceAll, startOfEscape } from './redact.js';

export interface StreamRedactor {
  /** Takes the next piece of the text; returns what may be read now. */
  push(text: string): string;
  /** The text has ended: returns the rest of it. Another one may begin. */
  flush(): string;
}

/** What to do next with a text from some place on. */
type Step =
  /** Nothing more may be read from `start` on, but for its first `lead` characters, which stay as they are. */
  | { readonly kind: 'hold'; readonly start: number; readonly lead: number }
  | { readonly kind: 'replace'; readonly start: number; readonly end: number; readonly by: string };

/** One kind of secret, looked for over the whole text as the redactor does it. */
interface Pass {
  /** The first step from `from` on; undefined when all of the text may be read as it is. */
  next(text: string, from: number): Step | undefined;
  /** All of a text that goes no further. */
  finish(text: string): string;
}

/** Escapes before a secret go with it; of longer runs of backslashes than this the beginning is not waited for. */
const LONGEST_ESCAPE = 256;

/**
 * A redactor of one text at a time. All that it gives, in one, is what `createRedactor(secrets)` makes of the whole text,
 * as long as the text is no JSON as a whole: of that it spares nothing.
 */
export function createStreamRedactor(secrets: readonly string[]): StreamRedactor {
  const stages = [...formsOfAll(secrets).map(passForValue), ...PATTERNS.map(passForPattern)].map(createStage);
  return {
    push: (text) => stages.reduce((piece, stage) => (piece === '' ? '' : stage.push(piece)), text),
    flush: () => stages.reduce((piece, stage) => stage.push(piece) + stage.flush(), ''),
  };
}

function createStage(pass: Pass): StreamRedactor {
  let held = '';
  /** How much of what is held has been read already. */
  let given = 0;
  return {
    push(text) {
      const all = held + text;
      const ready: string[] = [];
      let from = 0;
      let step = pass.next(all, from);
      while (step?.kind === 'replace') {
        ready.push(all.slice(from, step.start), step.by);
        from = step.end;
        step = pass.next(all, from);
      }
      const { start, lead } = step ?? { start: all.length, lead: 0 };
      ready.push(all.slice(from, start + lead));
      const news = ready.join('').slice(given);
      held = all.slice(start);
      given = lead;
      return news;
    },
    flush() {
      const rest = pass.finish(held).slice(given);
      held = '';
      given = 0;
      return rest;
    },
  };
}

function passForValue(form: Form): Pass {
  return {
    next(text, from) {
      const at = text.indexOf(form.text, from);
      if (at >= 0) {
        const start = startOfEscape(text, at, from);
        return { kind: 'replace', start, end: at + form.text.length, by: form.by };
      }
      const begins = startOfBeginning(text, from, form.text);
      const start = startOfEscape(text, begins, Math.max(from, begins - LONGEST_ESCAPE));
      return start === text.length ? undefined : { kind: 'hold', start, lead: 0 };
    },
    finish: (text) => replaceAll(text, form),
  };
}

/** Where the longest end of the text begins that is the beginning of the secret; the end of the text when none is. */
function startOfBeginning(text: string, from: number, secret: string): number {
  const first = secret.charAt(0);
  let at = text.indexOf(first, Math.max(from, text.length - secret.length + 1));
  while (at >= 0 && !secret.startsWith(text.slice(at))) at = text.indexOf(first, at + 1);
  return at < 0 ? text.length : at;
}

function passForPattern({ secret, by, unfinished }: Pattern): Pass {
  const keepsLead = by.startsWith('$1');
  return {
    next(text, from) {
      const match = execFrom(secret, text, from);
      const tail = text.length - unfinished.longest;
      const isOver = match !== null && match.index < tail;
      const open = isOver ? null : execFrom(unfinished.at, text, Math.max(from, tail));
      // A match that more text could make longer is not one yet, and an earlier beginning could swallow it.
      if (match !== null && (open === null || match.index < open.index)) {
        const [whole, lead = ''] = match;
        const mark = keepsLead ? by.replace('$1', () => lead) : by;
        return { kind: 'replace', start: match.index, end: match.index + whole.length, by: mark };
      }
      if (open === null) return undefined;
      const lead = open[0].length - (open.groups?.body ?? '').length;
      return { kind: 'hold', start: open.index, lead: keepsLead ? lead : 0 };
    },
    finish: (text) => text.replace(secret, by),
  };
}

function execFrom(expression: RegExp, text: string, from: number): RegExpExecArray | null {
  expression.lastIndex = from;
  return expression.exec(text);
}
