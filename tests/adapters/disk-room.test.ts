// Whether a disk takes anything more is found out by writing to it.
import assert from 'node:assert/strict';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDiskRoom } from '../../src/adapters/host/disk-room.js';
import { tempDir } from '../support/temp-dir.js';

test('a disk with room is told nothing of, and nothing is left on it', async (t) => {
  const folder = join(await tempDir(t), 'not', 'there', 'yet');
  assert.equal(await createDiskRoom([folder]).lack(), undefined);
  assert.deepEqual(await readdir(folder), []);
});

test('one that is full is named with how to mend it, whichever of them it is', async (t) => {
  const root = await tempDir(t);
  const full = join(root, 'full');
  await mkdir(full);
  await symlink('/dev/full', join(full, '.room')); // every write there finds no space
  assert.match(
    (await createDiskRoom([root, full]).lack()) ?? '',
    /^The disk of the worker is full: ENOSPC: .+\. Make room there, or /,
  );
  assert.deepEqual(await readdir(full), []);
});

test('other troubles are for whoever works there to tell', async (t) => {
  const root = await tempDir(t);
  await writeFile(join(root, 'file'), '');
  assert.equal(await createDiskRoom([join(root, 'file', 'below')]).lack(), undefined);
});
