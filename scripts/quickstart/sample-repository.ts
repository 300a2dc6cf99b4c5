// A small repository whose test fails, and a bare remote of it: something real for the first job to mend.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gitEnvironment } from './git-environment.js';

const FILES: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify({ name: 'sample', type: 'module', scripts: { test: 'node --test' } }, undefined, 2)}\n`,
  'total.js': `/** Adds up the numbers of a list. */
export function total(numbers) {
  let sum = 0;
  for (let i = 1; i < numbers.length; i += 1) sum += numbers[i];
  return sum;
}
`,
  'total.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from './total.js';

test('total adds up every item', () => {
  assert.equal(total([1, 2, 3]), 6);
});
`,
};

/** Makes the repository below `directory`; returns the path of its bare remote. */
export function makeSampleRepository(directory: string): string {
  const work = join(directory, 'sample');
  const remote = join(directory, 'sample.git');
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: work, env: gitEnvironment(directory), stdio: 'pipe' });
  mkdirSync(work);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(work, name), text);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '--message=Add up a list');
  git('clone', '--quiet', '--bare', '.', remote);
  return remote;
}
