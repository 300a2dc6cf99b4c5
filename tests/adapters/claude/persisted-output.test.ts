// What claude keeps in a file joins its message, and no other file does.
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { addPersistedOutput } from '../../../src/adapters/claude/listen/persisted-output.js';
import { tempDir } from '../../support/temp-dir.js';

const naming = (path: unknown, type = 'user') => {
  const message = { type, tool_use_result: { stdout: 'the beg', persistedOutputPath: path } };
  return { type, message, line: JSON.stringify(message) };
};

test('the text of a file in the directory of the job joins the message', async (t) => {
  const jobDir = await tempDir(t);
  const path = join(jobDir, 'output.txt');
  await writeFile(path, 'the beginning and "the end"\n');
  const { line, message } = await addPersistedOutput(naming(path), jobDir, 100);
  assert.deepEqual(JSON.parse(line), message);
  assert.equal(JSON.parse(line).tool_use_result.persistedOutput, 'the beginning and "the end"\n');
});

test('a file elsewhere, behind a link, too large, or not there leaves the message as it was', async (t) => {
  const folder = await tempDir(t);
  const jobDir = join(folder, 'job');
  await mkdir(jobDir);
  await writeFile(join(folder, 'secret'), 'not yours');
  await symlink(join(folder, 'secret'), join(jobDir, 'link'));
  await writeFile(join(jobDir, 'large'), 'x'.repeat(101));
  const paths = [
    join(folder, 'secret'),
    join(jobDir, '../secret'),
    join(jobDir, 'link'),
    join(jobDir, 'large'),
    join(jobDir, 'none'),
    jobDir,
  ];
  for (const path of paths) {
    const message = naming(path);
    assert.equal(await addPersistedOutput(message, jobDir, 100), message, path);
  }
});

test('a message that names no file is handed on at once', () => {
  for (const message of [
    naming(''),
    naming(7),
    naming('/x', 'assistant'),
    { type: 'user', message: {}, line: '{}' },
  ])
    assert.equal(addPersistedOutput(message, '/tmp', 100), message);
});
