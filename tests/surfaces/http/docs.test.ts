// docs/http.md says what is there: every operation, and every field of a request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { packagePath } from '../../../src/runtime/package-root.js';
import { describedOperations } from '../../support/described-operations.js';

const docs = readFileSync(packagePath('docs', 'http.md'), 'utf8');

function fieldsOf(schema: string): readonly string[] {
  const { properties } = JSON.parse(readFileSync(packagePath('schemas', `${schema}.schema.json`), 'utf8'));
  return Object.keys(properties);
}

test('it has a row for each operation that is described, and for nothing else; OAuth and MCP have pages of their own', () => {
  const rows = [...docs.matchAll(/^\| `([A-Z]+) (\/[^`?]*)/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  assert.deepEqual(rows.sort(), describedOperations(['oauth', 'mcp']).sort());
});

test('every field of a request is explained', () => {
  for (const field of fieldsOf('job-request')) assert.ok(docs.includes(`\`${field}\``), field);
  for (const field of fieldsOf('completion-request')) assert.ok(docs.includes(`\`${field}\``), field);
});
