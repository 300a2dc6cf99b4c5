// Says what is wrong with a value that does not fit its schema, in sentences a person can act on.
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { ErrorDetail } from '../domain/errors.js';
import { nearestName } from './nearest-name.js';
import { sayAllowed } from './schema-sentences.js';

/** One detail per problem, of all that ajv found. A choice that failed is one problem, not one per alternative. */
export function explainProblems(errors: readonly ErrorObject[]): readonly ErrorDetail[] {
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
