// What is said of a command line that the parser does not take: one sentence in our words, and where to read on.
import { VERBS_BELOW } from './verbs-below.js';

/** `complaint` and `help` are the parser's words about `words`. */
export function complain(words: readonly string[], complaint: string, help: string): string {
  const verb = verbOf(words);
  const next = words[verb.length];
  const isUnknown = next !== undefined && !next.startsWith('-') && VERBS_BELOW[verb.join(' ')] !== undefined;
  const sentence = isUnknown
    ? `There is no command "${[...verb, next].join(' ')}". ${nearestVerb(help)}`
    : verb.length === 0
      ? 'The command comes first, its options after it.'
      : inOurWords(complaint, words);
  return `agenticore: ${sentence.trim()} See \`${['agenticore', ...verb].join(' ')} --help\`.`;
}

/** As many of the words as name a verb: `admin dead requeue`. */
function verbOf(words: readonly string[]): readonly string[] {
  const beyond = words.findIndex((word, at) => !VERBS_BELOW[words.slice(0, at).join(' ')]?.includes(word));
  return beyond === -1 ? words : words.slice(0, beyond);
}

/** The parser guesses below its help. */
const nearestVerb = (help: string): string => /^Did you mean .*$/m.exec(help)?.[0] ?? '';

/** What the parser complains about, said so that a person knows what to do. */
function inOurWords(complaint: string, words: readonly string[]): string {
  const names = /^Unknown arguments?: (.*)$/m.exec(complaint)?.[1]?.split(', ');
  if (names !== undefined) {
    const option = words.find((word) => names.some((name) => saysOption(word, name)));
    return option === undefined
      ? `"${names[0]}" is one word too many; put a text of several words in quotes.`
      : `"${option}" is no option here; put -- before a text that begins with a dash.`;
  }
  if (/^Not enough non-option arguments/.test(complaint))
    return 'Something is missing: the id or name it is about.';
  const missing = /^Not enough arguments following: (.*)$/m.exec(complaint)?.[1];
  if (missing !== undefined) return `${missing.length === 1 ? '-' : '--'}${missing} needs a value.`;
  const [, option, given, choices] = /Argument: (\S+), Given: (".*"), Choices: (.*)$/m.exec(complaint) ?? [];
  if (option !== undefined)
    return `--${option} must be one of ${choices?.replaceAll('"', '')}, not ${given}.`;
  const line = complaint.replaceAll(/\s*\n\s*/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** True when a word of the command line sets the option of that name: `--name`, `--name=value`, or among `-xyz`. */
const saysOption = (word: string, name: string): boolean =>
  word.startsWith('--')
    ? word.slice(2).split('=')[0] === name
    : name.length === 1 && /^-[a-z]/i.test(word) && word.includes(name);

/** The parser takes `--follow=yes` for a no without a word. Undefined when there is nothing of the kind. */
export function valueOfSwitch(
  words: readonly string[],
  parsed: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const word of words) {
    if (word === '--') return undefined;
    const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (typeof parsed[name] === 'boolean' && !['true', 'false'].includes(value))
      return `--${name} takes no value`;
  }
  return undefined;
}
