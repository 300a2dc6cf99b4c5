// Checks values against the public contract in schemas/, and says what is wrong in sentences a person can act on.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Check } from '../domain/errors.js';
import { openAjv } from './ajv.js';
import { packagePath } from './package-root.js';
import { explainProblems } from './schema-problems.js';

/** A check as ajv writes it. */
interface Validate {
  (value: unknown): unknown;
  readonly errors?: readonly ErrorObject[] | null;
}

const require = createRequire(import.meta.url);

const checks = new Map<string, Check>();

/** `schemas/<name>.schema.json` as it stands. */
export const readSchema = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(packagePath('schemas', `${name}.schema.json`), 'utf8'));

/** The check of `schemas/<name>.schema.json`: compiled by the build, loaded when something is first checked. */
export function compileSchema(name: string): Check {
  const check = checks.get(name) ?? checkLater(() => checkBy(require(`./checks/${name}.cjs`)));
  checks.set(name, check);
  return check;
}

function checkLater(load: () => Check): Check {
  let check: Check | undefined;
  return (value) => {
    check ??= load();
    return check(value);
  };
}

/**
 * The check of a schema that is not among our files. Paths in its details are like `claude.allowed_tools[2]`, '' for the
 * whole. Throws when the schema itself is faulty.
 */
export function checkOf(schema: Readonly<Record<string, unknown>>): Check {
  return checkBy(openAjv({ optimize: false }).compile(schema));
}

const checkBy =
  (validate: Validate): Check =>
  (value) =>
    validate(value) ? [] : explainProblems(validate.errors ?? []);
