import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Workspace } from '../../../src/ports/workspace.js';
import { gitIn } from '../../support/git-repository.js';
import { type BenchRoom, JOB, NEVER, openRoom } from './bench-room.js';

/** What claude leaves: a commit, something staged, something not, something new, something git ignores. */
async function leaveWork(room: BenchRoom): Promise<Workspace> {
  room.remote.commit({ '.gitignore': 'node_modules/\n' });
  const bench = await room.open();
  const write = (name: string, text: string): Promise<void> => writeFile(join(bench.path, name), text);
  await write('committed.txt', 'c');
  gitIn(bench.path, 'add', '.');
  gitIn(bench.path, 'commit', '-qm', 'Begin');
  await write('staged.txt', 's');
  gitIn(bench.path, 'add', 'staged.txt');
  await write('a.txt', 'changed\n');
  await write('new.txt', 'n');
  await mkdir(join(bench.path, 'node_modules'));
  await write('node_modules/dep.js', 'd');
  return bench;
}

const stateOf = ({ path }: Workspace): readonly string[] => [
  gitIn(path, 'status', '--porcelain=v2', '--branch'),
  gitIn(path, 'log', '--format=%H'),
  ...['a.txt', 'new.txt', 'staged.txt', 'dir/b.txt'].map((name) => readFileSync(join(path, name), 'utf8')),
];

/** What the commands of a profile may do to a worktree. */
async function meddle({ path }: Workspace): Promise<void> {
  await writeFile(join(path, 'coverage.xml'), 'x');
  await mkdir(join(path, 'dist/deep'), { recursive: true });
  await writeFile(join(path, 'dist/deep/out.js'), 'x');
  await writeFile(join(path, 'a.txt'), 'formatted\n');
  await writeFile(join(path, '.gitignore'), 'coverage.xml\n');
  await rm(join(path, 'new.txt'));
  await rm(join(path, 'dir'), { recursive: true });
  await writeFile(join(path, 'node_modules/cache'), 'kept');
  gitIn(path, 'add', '-A');
  gitIn(path, 'commit', '-qm', 'A command that commits');
  gitIn(path, 'checkout', '-q', '-b', 'elsewhere');
  execFileSync('git', ['init', '-q', join(path, 'checkout')]);
}

describe('a snapshot of the work', () => {
  it('is put back whatever was done to it, and what git ignores stays', async (t) => {
    const room = await openRoom(t);
    const bench = await leaveWork(room);
    const before = stateOf(bench);
    await bench.snapshot(NEVER);
    assert.deepEqual(stateOf(bench), before, 'taking it changes nothing');
    await meddle(bench);
    await bench.restore();
    assert.deepEqual(stateOf(bench), before);
    for (const gone of ['coverage.xml', 'dist', 'checkout'])
      assert.equal(existsSync(join(bench.path, gone)), false, gone);
    assert.equal(readFileSync(join(bench.path, 'node_modules/cache'), 'utf8'), 'kept');
    await bench.restore();
    assert.deepEqual(stateOf(bench), before, 'nothing is put back twice');
    const { oid } = await bench.commit('Finish', NEVER);
    assert.equal(
      await room.mirrorGit('ls-tree', '-r', '--name-only', oid ?? ''),
      ['.gitignore', 'a.txt', 'committed.txt', 'dir/b.txt', 'new.txt', 'staged.txt'].join('\n'),
    );
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('that a dead worker left is put back before an attempt goes on', async (t) => {
    const room = await openRoom(t);
    const bench = await leaveWork(room);
    const before = stateOf(bench);
    await bench.snapshot(NEVER);
    await meddle(bench);
    await bench.keep();
    const again = await room.open({ jobId: JOB, attempt: 2, goOnFrom: 1 });
    assert.equal(again.kept, true);
    assert.deepEqual(stateOf(again), before);
    await again.close();
  });
});
