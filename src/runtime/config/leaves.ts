// The settings as the schema lists them: the one source of names, defaults and descriptions.
import { readFileSync } from 'node:fs';
import { packagePath } from '../package-root.js';
import type { SchemaNode } from '../schema-sentences.js';

export interface Leaf {
  /** `server.port`, as in config.yml. */
  readonly key: string;
  readonly schema: SchemaNode;
  readonly env: string | undefined;
  readonly flag: string | undefined;
  /** True for values that must never be shown, and that `<NAME>_FILE` may hold. */
  readonly secret: boolean;
}

/** Every setting in the order of the schema. */
export function configLeaves(): readonly Leaf[] {
  return leavesOf('', configSchema());
}

/** Variables that have no place in config.yml, with what they mean. */
export function envOnly(): Readonly<Record<string, string>> {
  const entries = Object.entries(configSchema()['x-env-only'] ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}

function configSchema(): SchemaNode {
  return JSON.parse(readFileSync(packagePath('schemas', 'config.schema.json'), 'utf8'));
}

function leavesOf(path: string, node: SchemaNode): readonly Leaf[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = path === '' ? name : `${path}.${name}`;
    if (child.properties !== undefined) return leavesOf(key, child);
    const env = textOr(child['x-env']);
    return [{ key, schema: child, env, flag: textOr(child['x-flag']), secret: child['x-secret'] === true }];
  });
}

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The member at `a.b` of a nested map; undefined when there is none. */
export function valueAt(document: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((node, name) => (isMap(node) ? node[name] : undefined), document);
}

/** The nested map that holds `value` at each key. */
export function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const names = key.split('.');
    const last = names.pop() ?? key;
    const parent = names.reduce<Record<string, unknown>>((node, name) => {
      const child = isMap(node[name]) ? node[name] : {};
      node[name] = child;
      return child;
    }, document);
    parent[last] = value;
  }
  return document;
}

/** True for a map of names to values: neither null nor a list. */
export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
