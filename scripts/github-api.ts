// Cuts the few operations of GitHub's REST API that we use out of its own OpenAPI description, for the GitHub of the
// tests to check against: `npm run build && node dist/scripts/github-api.js`. The description is 385 MB unpacked and
// therefore no dependency; it is fetched into a temporary folder.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../src/runtime/package-root.js';

const PACKAGE = '@octokit/openapi@23.0.2';
const OPERATIONS = [
  'GET /app',
  'GET /app/installations',
  'POST /app/installations/{installation_id}/access_tokens',
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/installation',
  'GET /repos/{owner}/{repo}/pulls',
  'POST /repos/{owner}/{repo}/pulls',
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers',
  'POST /repos/{owner}/{repo}/issues/{issue_number}/labels',
  'POST /repos/{owner}/{repo}/issues/{issue_number}/assignees',
];
/** What is there to be read by people. */
const PROSE = new Set(['description', 'summary', 'example', 'examples', 'externalDocs', 'tags', 'x-github']);

type Node = Readonly<Record<string, unknown>>;
type Entry = readonly [string, unknown];

/** The operations, and whatever they refer to, a line each. */
function cut(description: Node): string {
  const schemaAt = (path: readonly string[]): unknown =>
    toSchema(path.reduce<unknown>((node, key) => (node as Node)[key], description));
  const operations = OPERATIONS.map((operation): Entry => {
    const [method = '', path = ''] = operation.split(' ');
    return [operation, schemaAt(['paths', path, method.toLowerCase()])];
  });
  const parts = new Map<string, unknown>();
  const wanted = operations.flatMap(([, schema]) => references(schema));
  for (let key = wanted.pop(); key !== undefined; key = wanted.pop()) {
    if (parts.has(key)) continue;
    const part = schemaAt(['components', ...key.split('.')]);
    parts.set(key, part);
    wanted.push(...references(part));
  }
  const sorted = [...parts].sort(([one], [other]) => (one < other ? -1 : 1));
  return `{
  "source": ${JSON.stringify(PACKAGE)},
  "operations": {\n${lines(operations)}\n  },
  "$defs": {\n${lines(sorted)}\n  }
}\n`;
}

const lines = (entries: readonly Entry[]): string =>
  entries.map(([key, schema]) => `    ${JSON.stringify(key)}: ${JSON.stringify(schema)}`).join(',\n');

const references = (schema: unknown): string[] =>
  [...JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]*)"/g)].map(([, key = '']) => key);

/** OpenAPI 3.0 as JSON Schema: without prose, and what is nullable may be null. */
function toSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(toSchema);
  if (typeof node !== 'object' || node === null) return node;
  const { nullable, $ref, ...members } = node as Node;
  if (typeof $ref === 'string') return { $ref: $ref.replace(/^#\/components\/(\w+)\//, '#/$defs/$1.') };
  const schema = Object.fromEntries(
    Object.entries(members)
      .filter(([key]) => !PROSE.has(key))
      .map(([key, value]) => [key, key === 'properties' ? mapValues(value as Node) : toSchema(value)]),
  );
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** The names of properties are GitHub's, whatever they are. */
const mapValues = (properties: Node): Node =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, toSchema(value)]));

const folder = mkdtempSync(join(tmpdir(), 'agenticore-github-api-'));
try {
  const [archive = ''] = execFileSync('npm', ['pack', '--silent', PACKAGE], { cwd: folder, encoding: 'utf8' })
    .trim()
    .split('\n');
  const name = 'package/generated/api.github.com.json';
  execFileSync('tar', ['-xzf', archive, name, 'package/LICENSE'], { cwd: folder });
  const description = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const target = packagePath('tests', 'fixtures', 'github-api');
  writeFileSync(join(target, 'openapi.json'), cut(description));
  copyFileSync(join(folder, 'package/LICENSE'), join(target, 'LICENSE'));
} finally {
  rmSync(folder, { recursive: true });
}
