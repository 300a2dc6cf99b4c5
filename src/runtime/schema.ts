// Checks values against the public contract in schemas/, and says what is wrong in sentences a person can act on.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Check, ErrorDetail } from '../domain/errors.js';
import { nearestName } from './nearest-name.js';
import { packagePath } from './package-root.js';
import { sayAllowed } from './schema-sentences.js';

/** Keywords that annotate the config schema; docs and the config loader read them, ajv only has to know them. */
const ANNOTATIONS = ['x-env', 'x-flag', 'x-default', 'x-secret', 'x-path', 'x-words', 'x-env-only'];

const THOROUGH = { allErrors: true, strict: true, allowUnionTypes: true, verbose: true };
/** Half a second less at each start: our schemas are held against the standard by a test, and checks are run rarely. */
const SWIFT = { validateSchema: false, code: { optimize: false } };

const checks = new Map<string, Check>();

/** `schemas/<name>.schema.json` as it stands. */
export const readSchema = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(packagePath('schemas', `${name}.schema.json`), 'utf8'));

/** The check of `schemas/<name>.schema.json`; compiled once per process, when something is first checked. */
export function compileSchema(name: string): Check {
  const check = checks.get(name) ?? checkLater(() => checkOf(readSchema(name)));
  checks.set(name, check);
  return check;
}

function checkLater(compile: () => Check): Check {
  let check: Check | undefined;
  return (value) => {
    check ??= compile();
    return check(value);
  };
}

/**
 * The check of a schema. Paths in its details are like `claude.allowed_tools[2]`, '' for the whole. Throws when the
 * schema itself is faulty.
 */
export function checkOf(schema: Readonly<Record<string, unknown>>): Check {
  const ajv = new Ajv2020({ ...THOROUGH, ...SWIFT });
  ajv.addVocabulary(ANNOTATIONS);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : explain(validate.errors ?? []));
}

/** A choice that failed is one problem, not one per alternative. */
function explain(errors: readonly ErrorObject[]): readonly ErrorDetail[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const belongsToChoice = (error: ErrorObject): boolean =>
    choices.some((choice) => choice !== error && error.schemaPath.startsWith(`${choice.schemaPath}/`));
  const seen = new Set<string>();
  return (
    errors
      // What is wrong with a name is said once, by propertyNames itself.
      .filter((error) => !belongsToChoice(error) && error.propertyName === undefined)
      .map(toDetail)
      .filter(({ path, message }) => seen.size < seen.add(`${path}\0${message}`).size)
  );
}

function toDetail(error: ErrorObject): ErrorDetail {
  const { keyword, params, data, parentSchema } = error;
  const path = readablePath(error.instancePath);
  switch (keyword) {
    case 'additionalProperties':
      return unknownField(
        path,
        String(params.additionalProperty),
        Object.keys(parentSchema?.properties ?? {}),
      );
    case 'propertyNames':
      return { path: memberPath(path, String(params.propertyName)), message: sayForbidden(parentSchema) };
    case 'required':
      return { path: memberPath(path, String(params.missingProperty)), message: 'is required' };
    case 'maxProperties':
      return { path, message: `must have at most ${params.limit} members` };
    default:
      return { path, message: `must be ${sayAllowed(parentSchema)}${sayFound(data, parentSchema)}` };
  }
}

function unknownField(path: string, name: string, known: readonly string[]): ErrorDetail {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return { path: memberPath(path, name), message: `is not known; ${hint}` };
}

function sayForbidden(schema: ErrorObject['parentSchema']): string {
  const why = schema?.propertyNames?.$comment;
  return typeof why === 'string' ? `is not allowed: ${why}` : 'is not an allowed name';
}

/** What was found instead, short enough to read; never the value of a secret. */
function sayFound(data: unknown, schema: ErrorObject['parentSchema']): string {
  if (schema?.['x-secret'] === true || data === undefined) return '';
  if (Array.isArray(data)) return ', not a list';
  if (data !== null && typeof data === 'object') return ', not a map';
  const text = JSON.stringify(data);
  return text.length <= 60 ? `, not ${text}` : `, not a text of ${String(data).length} characters`;
}

const memberPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** `/claude/allowed_tools/2` as `claude.allowed_tools[2]`. */
function readablePath(pointer: string): string {
  const segments = pointer.split('/').slice(1);
  return segments.reduce((path, raw) => {
    const segment = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(segment) ? `${path}[${segment}]` : memberPath(path, segment);
  }, '');
}
