// The three places where settings come from, each read into a map of `server.port`-like keys, with what was wrong.
import { createRequire } from 'node:module';
import type { Check, ErrorDetail } from '../../domain/errors.js';
import { nearestName } from '../nearest-name.js';
import { isMap, type Leaf, nest, valueAt } from './leaves.js';

/** Settings of one source that fit the schema, and one detail for each that does not. */
export interface SourceReading {
  readonly values: ReadonlyMap<string, unknown>;
  readonly problems: readonly ErrorDetail[];
  readonly warnings: readonly string[];
  /** How people know the place where this source says it: a flag, a variable, a key of a file. */
  readonly nameOf: (key: string) => string;
}

/** Reads a text file: its content, or why it could not be read. */
export type ReadFile = (path: string) => { readonly text?: string; readonly error?: Error };

type Env = Readonly<Record<string, string | undefined>>;

/** Names that belong to nobody's configuration: the tests', and what marks the processes of an attempt. */
const NOT_OURS_TO_JUDGE = /^AGENTICORE_(TEST|ATTEMPT)(_|$)/;

/** Flags by name without dashes; an empty text counts as not given. */
export function readFlags(
  flags: Readonly<Record<string, unknown>>,
  leaves: readonly Leaf[],
  check: Check,
): SourceReading {
  const values = new Map<string, unknown>();
  for (const leaf of leaves) {
    const given = leaf.flag === undefined ? undefined : flags[leaf.flag];
    if (given === undefined || given === '') continue;
    values.set(leaf.key, typeof given === 'string' ? fromText(given, leaf) : given);
  }
  return judge(values, check, (key) => `--${leaves.find((leaf) => leaf.key === key)?.flag}`);
}

/** Variables; `other` are known ones that no setting has. Warns of names that begin like ours and are not. */
export function readEnv(
  env: Env,
  leaves: readonly Leaf[],
  other: readonly string[],
  read: ReadFile,
  check: Check,
): SourceReading {
  const values = new Map<string, unknown>();
  const problems: ErrorDetail[] = [];
  const warnings = [...unknownVariables(env, leaves, other)];
  for (const leaf of leaves) {
    if (leaf.env === undefined) continue;
    const { text, problem } = leaf.secret ? secretText(env, leaf.env, read) : { text: env[leaf.env] };
    if (problem !== undefined) problems.push(problem);
    if (text === undefined || text === '') continue;
    if (leaf.schema.type === 'integer' && text.startsWith('tcp://')) {
      warnings.push(`${leaf.env} is ignored: ${text} is what Kubernetes says about a service of that name`);
      continue;
    }
    values.set(leaf.key, fromText(text, leaf));
  }
  const judged = judge(values, check, (key) => leaves.find((leaf) => leaf.key === key)?.env ?? key);
  return { ...judged, problems: [...problems, ...judged.problems], warnings };
}

/** The text of a config.yml called `file`; a key without a value counts as absent. */
export function readYaml(text: string, file: string, leaves: readonly Leaf[], check: Check): SourceReading {
  const nameOf = (key: string): string => (key === '' ? file : `${file}: ${key}`);
  const { content, faults } = parseYaml(text);
  if (faults.length > 0) {
    const problems = faults.map((message) => ({ path: file, message }));
    return { values: new Map(), problems, warnings: [], nameOf };
  }
  const problems = check(content).map(({ path, message }) => ({ path: nameOf(path), message }));
  const found = leaves.flatMap(({ key }): [string, unknown][] => {
    const value = valueAt(content, key);
    return value === undefined ? [] : [[key, value]];
  });
  return { values: new Map(found), problems, warnings: [], nameOf };
}

/**
 * The value of a secret variable, or the content of the file that `<NAME>_FILE` names. The file's last line end does
 * not count.
 */
export function secretText(
  env: Env,
  name: string,
  read: ReadFile,
): { readonly text: string | undefined; readonly problem?: ErrorDetail } {
  const text = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (file === undefined) return { text };
  const path = `${name}_FILE`;
  if (text !== undefined)
    return { text, problem: { path, message: `must not be set beside ${name}; set one of them` } };
  const { text: content, error } = read(file);
  if (content === undefined)
    return { text, problem: { path, message: `must be a file that can be read: ${error?.message}` } };
  const secret = content.replace(/\r?\n$/, '');
  if (secret === '')
    return { text, problem: { path, message: `must be a file with the secret in it; ${file} is empty` } };
  return { text: secret };
}

function judge(
  values: ReadonlyMap<string, unknown>,
  check: Check,
  nameOf: (key: string) => string,
): SourceReading {
  const problems = check(nest(values)).map(({ path, message }) => {
    const key = path.replace(/\[\d+\].*$/, '');
    const item = /\[(\d+)\]/.exec(path)?.[1];
    return {
      path: nameOf(key),
      message: item === undefined ? message : `item ${Number(item) + 1} ${message}`,
    };
  });
  return { values, problems, warnings: [], nameOf };
}

/** Text that does not fit its type stays text: the schema then says what is allowed. */
function fromText(text: string, { schema }: Leaf): unknown {
  const trimmed = text.trim();
  switch (schema.type) {
    case 'integer':
      return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : trimmed;
    case 'boolean':
      return TRUTH.get(trimmed.toLowerCase()) ?? trimmed;
    case 'array':
      return trimmed
        .split(schema['x-words'] === true ? /[\s,]/ : ',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    default:
      return schema.enum === undefined ? text : (spelling(trimmed, schema.enum) ?? trimmed);
  }
}

/** A choice as the schema spells it, however it was typed. */
const spelling = (word: string, choices: readonly unknown[]): unknown =>
  choices.find((choice) => String(choice).toLowerCase() === word.toLowerCase());

const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word): [string, boolean] => [word, true]),
  ...['false', '0', 'no', 'off'].map((word): [string, boolean] => [word, false]),
]);

function unknownVariables(env: Env, leaves: readonly Leaf[], other: readonly string[]): readonly string[] {
  const known = leaves.flatMap((leaf) => (leaf.env === undefined ? [] : [leaf.env])).concat(other);
  const files = leaves.flatMap((leaf) => (leaf.secret && leaf.env !== undefined ? [`${leaf.env}_FILE`] : []));
  const ours = new Set([...known, ...files]);
  return Object.keys(env)
    .filter(
      (name) => /^(AGENTICORE|AGENT_MODE)_/.test(name) && !ours.has(name) && !NOT_OURS_TO_JUDGE.test(name),
    )
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is not known and has no effect${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    });
}

function parseYaml(text: string): { readonly content: unknown; readonly faults: readonly string[] } {
  // Here and not at the head: most processes have no such file.
  const { parseDocument }: typeof import('yaml') = createRequire(import.meta.url)('yaml');
  const document = parseDocument(text, { prettyErrors: true });
  const faults = document.errors.map(({ message }) => `is not valid YAML: ${firstLine(message)}`);
  if (faults.length > 0) return { content: undefined, faults };
  try {
    return { content: withoutNulls(document.toJS() ?? {}), faults };
  } catch (error) {
    return { content: undefined, faults: [`is not valid YAML: ${String(error)}`] }; // aliases without end
  }
}

/** A key with nothing behind it is as good as absent, like an empty variable. */
function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

const firstLine = (text: string): string => text.split('\n', 1)[0]?.replace(/:$/, '') ?? text;
