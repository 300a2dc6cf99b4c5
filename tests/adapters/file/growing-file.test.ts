// A file that only grows: what fails leaves no trace, and what cannot be mended is not written to again.
import assert from 'node:assert/strict';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createGrowingFile } from '../../../src/adapters/file/disk/growing-file.js';
import { isCode } from '../../../src/domain/errors.js';
import { tempDir } from '../../support/temp-dir.js';

const isRefused = (error: unknown): boolean => isCode(error, 'BUS_UNREACHABLE');
const SYNCED = { sync: true };

/** What every file handle of this process does: a disk that fails cannot be had for real. */
async function handles(t: TestContext) {
  const probe = await open(join(await tempDir(t), 'probe'), 'w');
  const prototype: { datasync(): Promise<void>; truncate(length?: number): Promise<void> } =
    Object.getPrototypeOf(probe);
  await probe.close();
  return prototype;
}
const fail = async (): Promise<never> => {
  throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
};

test('lines follow each other, over the half line of a process that died', async (t) => {
  const path = join(await tempDir(t), 'file');
  await writeFile(path, 'one\nhalf a li');
  const file = createGrowingFile(path, 4);
  await file.append('two\n', SYNCED);
  await file.close();
  await file.append('three\n', { sync: false });
  await file.sync();
  assert.equal(file.length, 14);
  assert.equal(await readFile(path, 'utf8'), 'one\ntwo\nthree\n');
  await file.close();
});

test('a line that did not reach the disk is taken back', async (t) => {
  const path = join(await tempDir(t), 'file');
  const file = createGrowingFile(path, 0);
  await file.append('one\n', SYNCED);
  t.mock.method(await handles(t), 'datasync', fail, { times: 1 });
  await assert.rejects(file.append('two\n', SYNCED), isRefused);
  assert.equal(await readFile(path, 'utf8'), 'one\n');
  await file.append('three\n', SYNCED);
  assert.equal(await readFile(path, 'utf8'), 'one\nthree\n');
  await file.close();
});

test('a file that cannot even be cut back takes no more', async (t) => {
  const path = join(await tempDir(t), 'file');
  const file = createGrowingFile(path, 0);
  await file.append('one\n', SYNCED);
  const prototype = await handles(t);
  const datasync = t.mock.method(prototype, 'datasync', fail);
  const truncate = t.mock.method(prototype, 'truncate', fail);
  await assert.rejects(file.append('two\n', SYNCED), isRefused);
  datasync.mock.restore();
  truncate.mock.restore();
  await assert.rejects(file.append('three\n', SYNCED), isRefused);
  assert.equal(file.length, 4);
  await file.close();
});

test('a file that became shorter than what was acknowledged is not written to', async (t) => {
  const path = join(await tempDir(t), 'file');
  await writeFile(path, 'one\n');
  await assert.rejects(createGrowingFile(path, 8).append('three\n', SYNCED), isRefused);
  assert.equal(await readFile(path, 'utf8'), 'one\n');
});
