import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '../../src/domain/errors.js';
import { configLeaves } from '../../src/runtime/config/leaves.js';
import { packagePath } from '../../src/runtime/package-root.js';

it('the documents that are made from code are up to date', () => {
  const program = fileURLToPath(new URL('../../scripts/docs.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program, '--check'], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

it('docs/configuration.md names every key, variable and flag, docs/errors.md every code', async () => {
  const configuration = await readFile(packagePath('docs/configuration.md'), 'utf8');
  for (const { key, env, flag, schema } of configLeaves()) {
    assert.ok(configuration.includes(`\`${key}\``), key);
    assert.ok(env === undefined || configuration.includes(`\`${env}\``), env);
    assert.ok(flag === undefined || configuration.includes(`\`--${flag}\``), flag);
    assert.ok((schema.description ?? '').length > 10, `${key} is explained`);
  }
  const errors = await readFile(packagePath('docs/errors.md'), 'utf8');
  for (const [code, { status, message }] of Object.entries(ERRORS)) {
    assert.ok(errors.includes(`| \`${code}\` | ${status} | ${message.replaceAll('|', '\\|')} |`), code);
  }
});
