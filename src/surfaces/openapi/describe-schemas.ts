// The schemas of schemas/ as components of the description: the same ones that requests are checked against.
import type { JsonRecord } from '../../domain/json-record.js';

/** Gives schemas/<name>.schema.json. */
export type ReadSchema = (name: string) => JsonRecord;

/** Schemas of one value each, under their own name; what they define besides stands beside them. */
const VALUES = ['job', 'event', 'job-request', 'job-retry', 'chat-request', 'completion-request'];
/** Collections of definitions. */
const COLLECTIONS = ['answers', 'chat-answers', 'oauth'];

export function describeSchemas(readSchema: ReadSchema): JsonRecord {
  const found: [string, unknown][] = [];
  for (const name of [...VALUES, ...COLLECTIONS]) {
    const { $schema: _, $defs = {}, title, ...schema } = readSchema(name);
    if (VALUES.includes(name)) found.push([componentName(name), { title, ...schema }]);
    found.push(...Object.entries($defs as JsonRecord));
  }
  const names = found.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two schemas are called ${twice}`);
  return Object.fromEntries(found.map(([name, schema]) => [name, relocate(schema)]));
}

/** `job-request` as `JobRequest`. */
const componentName = (name: string): string =>
  name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** References lead to where their target stands in the description. */
function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? relocated(member) : relocate(member),
    ]),
  );
}

function relocated(target: string): string {
  const name = /^#\/\$defs\/(\w+)$/.exec(target)?.[1];
  const file = /^([\w-]+)\.schema\.json$/.exec(target)?.[1];
  if (name === undefined && file === undefined) throw new Error(`cannot follow ${target}`);
  return `#/components/schemas/${name ?? componentName(file ?? '')}`;
}
