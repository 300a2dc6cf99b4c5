// Takes secrets out of everything that leaves the process: logs, transcripts, errors. Works on JSON text as well as
// on plain text, and a JSON text stays one.

const MARK = '[redacted]';
/** Shorter values are words of the language rather than secrets; taking them out would garble the evidence. */
const SHORTEST = 6;
/** JSON inside a string of JSON inside a string of JSON: a tool's output in a message in a log line. */
const NESTING = 3;

/** What may become a match, or a longer one, when more text follows. */
interface Unfinished {
  /** Finds it at the end of a text; the group `body` is what has come of the secret itself. */
  readonly at: RegExp;
  /** It is never longer than this. */
  readonly longest: number;
}

export interface Pattern {
  /** Cheap test whether the costly expression can match at all. */
  readonly hint: RegExp;
  readonly secret: RegExp;
  readonly by: string;
  readonly unfinished: Unfinished;
}

/** One character of a kind, repeated within limits. */
type Step = readonly [kind: string, min: number, max: number];
const exactly = (word: string): readonly Step[] => [...word].map((char) => [char, 1, 1] as const);

/** For a match of `lead` and up to `max` characters of the kind `body`. */
function unfinished(lead: readonly Step[], body: string, max: number): Unfinished {
  const source = lead.reduceRight(
    (rest, [kind, min, most]) => `(?:${kind}{1,${most}}$|${kind}{${min},${most}}${rest})`,
    `(?<body>${body}{0,${max}})$`,
  );
  const longest = lead.reduce((sum, [, , most]) => sum + most, max);
  return { at: new RegExp(source, 'gi'), longest };
}

const SPACES: Step = ['\\s', 1, 4];
const FEW_SPACES: Step = ['\\s', 0, 4];
const QUOTE: readonly Step[] = [
  ['\\\\', 0, 7],
  ['["\']', 0, 1],
];

// None of these can match a quote, a backslash or a control character, so that no JSON string is torn open.
/** Keys that say themselves what they are, whatever stands around them. */
export const KEYS: readonly Pattern[] = [
  {
    hint: /sk-ant-/,
    secret: /sk-ant-[\w-]{6,512}/g,
    by: MARK,
    unfinished: unfinished(exactly('sk-ant-'), '[\\w-]', 512),
  },
  {
    hint: /gh[opsur]_/,
    secret: /gh[opsur]_[A-Za-z0-9]{16,512}/g,
    by: MARK,
    unfinished: unfinished([...exactly('gh'), ['[opsur]', 1, 1], ['_', 1, 1]], '[a-z0-9]', 512),
  },
  {
    hint: /github_pat_/,
    secret: /github_pat_\w{16,512}/g,
    by: MARK,
    unfinished: unfinished(exactly('github_pat_'), '\\w', 512),
  },
];

export const PATTERNS: readonly Pattern[] = [
  ...KEYS,
  {
    hint: /bearer/i,
    secret: /(bearer\s{1,4})[\w.~+/=-]{12,8192}/gi,
    by: `$1${MARK}`,
    unfinished: unfinished([...exactly('bearer'), SPACES], '[\\w.~+/=-]', 8192),
  },
  {
    hint: /basic\s/i,
    secret: /(authorization\W{1,8}basic\s{1,4})[\w+/=-]{8,8192}/gi,
    by: `$1${MARK}`,
    unfinished: unfinished(
      [...exactly('authorization'), ['\\W', 1, 8], ...exactly('basic'), SPACES],
      '[\\w+/=-]',
      8192,
    ),
  },
  {
    hint: /api_key=/i,
    secret: /([?&]api_key=)[^&\s"'\\<>]{1,8192}/gi,
    by: `$1${MARK}`,
    unfinished: unfinished([['[?&]', 1, 1], ...exactly('api_key=')], '[^&\\s"\'\\\\<>]', 8192),
  },
  {
    hint: /api[_-]?key/i,
    secret: /(api[_-]?key(?:\\{0,7}["'])?\s{0,4}[=:]\s{0,4}(?:\\{0,7}["'])?)[\w+/=-]{12,8192}/gi,
    by: `$1${MARK}`,
    unfinished: unfinished(
      [
        ...exactly('api'),
        ['[_-]', 0, 1],
        ...exactly('key'),
        ...QUOTE,
        FEW_SPACES,
        ['[=:]', 1, 1],
        FEW_SPACES,
        ...QUOTE,
      ],
      '[\\w+/=-]',
      8192,
    ),
  },
  {
    hint: /:\/\//,
    secret: /(:\/\/[^\s/:@"'\\]{0,256}:)[^\s/@"'\\]{1,1024}(?=@)/g,
    by: `$1${MARK}`,
    unfinished: unfinished(
      [...exactly('://'), ['[^\\s/:@"\'\\\\]', 0, 256], [':', 1, 1]],
      '[^\\s/@"\'\\\\]',
      1024,
    ),
  },
];

/**
 * A function that replaces the given secret values, and whatever looks like a well-known kind of key, by `[redacted]`.
 * Values are also found as JSON escapes them. Values of fewer than six characters are left alone.
 */
export function createRedactor(
  secrets: readonly string[],
  patterns: readonly Pattern[] = PATTERNS,
): (text: string) => string {
  const forms = formsOfAll(secrets);
  return (text) => {
    let clean = text;
    for (const form of forms) {
      if (clean.includes(form.text) && !(form.tearsJson && isJson(clean))) clean = replaceAll(clean, form);
    }
    for (const { hint, secret, by } of patterns) if (hint.test(clean)) clean = clean.replace(secret, by);
    return clean;
  };
}

/** A way in which a secret value may stand in a text. */
export interface Form {
  readonly text: string;
  readonly by: string;
  /** True for a value that JSON would escape, as it is: in a JSON text it could only match across its structure. */
  readonly tearsJson: boolean;
}

/** The longest first, so that a secret that contains another one leaves nothing behind. */
export const formsOfAll = (secrets: readonly string[]): readonly Form[] =>
  [...new Set(secrets)]
    .filter((value) => value.length >= SHORTEST)
    .flatMap(formsOf)
    .sort((a, b) => b.text.length - a.text.length);

function formsOf(value: string): readonly Form[] {
  const forms: Form[] = [];
  // What may be a number, or a piece of one, is replaced by one: a mark in its place would be no JSON.
  const by = /^[\d.eE+-]+$/.test(value) ? '9'.repeat(value.length) : MARK;
  let text = value;
  for (let depth = 0; depth <= NESTING; depth += 1) {
    if (depth > 0 && text === forms.at(-1)?.text) break;
    forms.push({ text, by, tearsJson: depth === 0 && escaped(text) !== text });
    text = escaped(text);
  }
  return forms;
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Replaces the text wherever it stands, together with an escape whose tail it begins in. */
export function replaceAll(text: string, { text: secret, by }: Form): string {
  const pieces: string[] = [];
  let done = 0;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, done)) {
    pieces.push(text.slice(done, startOfEscape(text, at, done)), by);
    done = at + secret.length;
  }
  pieces.push(text.slice(done));
  return pieces.join('');
}

/**
 * In `\nightly` the secret `nightly` begins inside of `\n`, and in `\u001babc` the secret `babc` inside of `\u001b`: a
 * half escape left before the mark would be no JSON.
 */
export function startOfEscape(text: string, at: number, from: number): number {
  const before = text.slice(Math.max(from, at - 5), at);
  let start = at - (/(?<=\\)u[0-9a-fA-F]{0,3}$/.exec(before)?.[0].length ?? 0);
  while (start > from && text[start - 1] === '\\') start -= 1;
  return start;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
