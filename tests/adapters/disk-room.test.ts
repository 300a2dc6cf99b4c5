// Whether a disk takes anything more is found out by writing to it.
import assert from 'node:assert/strict';
import { link, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDiskRoom } from '../../src/adapters/host/disk-room.js';
import { mountSmallDisk, needsSmallDisk } from '../support/small-disk.js';
import { tempDir } from '../support/temp-dir.js';

test('a disk with room is told nothing of, and nothing is left on it', async (t) => {
  const folder = join(await tempDir(t), 'not', 'there', 'yet');
  assert.equal(await createDiskRoom([folder]).lack(), undefined);
  assert.deepEqual(await readdir(folder), []);
});

test('one that is full is named with how to mend it, whichever of them it is', needsSmallDisk, async (t) => {
  const disk = mountSmallDisk();
  t.after(() => disk.remove());
  const room = createDiskRoom([await tempDir(t), disk.path]);
  assert.equal(await room.lack(), undefined);
  const before = await readdir(disk.path);
  disk.fill();
  assert.match(
    (await room.lack()) ?? '',
    /^The disk of the worker is full: ENOSPC: .+\. Make room there, or /,
  );
  disk.free();
  assert.equal(await room.lack(), undefined);
  assert.deepEqual(await readdir(disk.path), before);
});

test('what somebody left under its name, or links from there, is taken away and nothing else', async (t) => {
  const [folder, elsewhere] = [await tempDir(t), await tempDir(t)];
  const [name, target] = [join(folder, '.room'), join(elsewhere, 'precious')];
  await writeFile(target, 'as it was');
  const room = createDiskRoom([folder]);
  const plants: readonly (() => Promise<void>)[] = [
    () => writeFile(name, 'left by one that was killed'),
    () => symlink(target, name),
    () => symlink(join(elsewhere, 'made by it'), name),
    () => link(target, name),
  ];
  for (const plant of plants) {
    await plant();
    assert.equal(await room.lack(), undefined);
    assert.deepEqual([await readdir(folder), await readdir(elsewhere)], [[], ['precious']]);
    assert.equal(await readFile(target, 'utf8'), 'as it was');
  }
});

test('many may ask at once', async (t) => {
  const folder = await tempDir(t);
  const rooms = Array.from({ length: 20 }, () => createDiskRoom([folder]));
  const lacks = await Promise.all(rooms.map((room) => room.lack()));
  assert.deepEqual([new Set(lacks), await readdir(folder)], [new Set([undefined]), []]);
});

test('other troubles are for whoever works there to tell', async (t) => {
  const root = await tempDir(t);
  await writeFile(join(root, 'file'), '');
  assert.equal(await createDiskRoom([join(root, 'file', 'below')]).lack(), undefined);
});
