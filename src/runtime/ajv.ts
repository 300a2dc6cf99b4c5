// Opens ajv, the compiler of JSON Schemas, as our schemas want it. It is loaded here and not before: the build has
// compiled them, so that few processes ever need it, and it takes longer to load than most of what a process does first.
import { createRequire } from 'node:module';
import type { Ajv2020, Options } from 'ajv/dist/2020.js';

/** Keywords that annotate the config schema; docs and the config loader read them, ajv only has to know them. */
const ANNOTATIONS = ['x-env', 'x-flag', 'x-default', 'x-secret', 'x-path', 'x-words', 'x-env-only'];

/** Our schemas are held against the standard by a test, and not each time. */
const READING = {
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  verbose: true,
  validateSchema: false,
};

/** `code`: what kind of code the checks become. */
export function openAjv(code: NonNullable<Options['code']>): Ajv2020 {
  const { Ajv2020 }: typeof import('ajv/dist/2020.js') = createRequire(import.meta.url)('ajv/dist/2020.js');
  const ajv = new Ajv2020({ ...READING, code });
  ajv.addVocabulary(ANNOTATIONS);
  return ajv;
}
