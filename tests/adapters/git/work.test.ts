import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Work } from '../../../src/ports/work.js';
import type { Workspace } from '../../../src/ports/workspace.js';
import { gitIn } from '../../support/git-repository.js';
import { NEVER, openRoom } from './bench-room.js';

async function commitAll(bench: Workspace, message = 'work'): Promise<string> {
  gitIn(bench.path, 'add', '--all');
  gitIn(bench.path, 'commit', '--quiet', '--allow-empty', '-m', message);
  return gitIn(bench.path, 'rev-parse', 'HEAD');
}

async function workOf(bench: Workspace): Promise<Work> {
  await bench.commit('leftovers', NEVER);
  return bench.work(NEVER);
}

/** Everything that is new, as text. */
async function textsOf(work: Work): Promise<string[]> {
  const texts: string[] = [];
  for await (const { bytes } of work.read([...work.commits.keys(), ...work.blobs.keys()], NEVER))
    texts.push(Buffer.from(bytes).toString('latin1'));
  return texts;
}

const pathsOf = (changes: Work['changes']): string[] => [...new Set(changes.map(({ path }) => path))].sort();

describe('what a push would give away', () => {
  it('is what every commit adds, also when a later one takes it away', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'key.txt'), 'planted\n');
    const first = await commitAll(bench, 'add a key');
    await rm(join(bench.path, 'key.txt'));
    await commitAll(bench, 'remove it: amended words');
    await writeFile(join(bench.path, 'a.txt'), 'one\nmore\n');
    const work = await workOf(bench);
    assert.equal(work.commits.size, 3);
    assert.deepEqual(pathsOf(work.changes), ['a.txt', 'key.txt']);
    assert.deepEqual(pathsOf(work.difference), ['a.txt']);
    const texts = await textsOf(work);
    assert.ok(texts.includes('planted\n') && texts.some((text) => text.includes('amended words')));
    const added = work.changes.find(({ path, oid }) => path === 'key.txt' && oid !== undefined);
    assert.equal(added?.commit, first);
    assert.equal(work.blobs.get(added.oid ?? ''), 8);
    assert.equal(work.isCut, false);
    await bench.close();
  });

  it('names what only a merge has, and not what the other side of the merge had', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'x'), 'x\n');
    await commitAll(bench);
    gitIn(bench.path, 'checkout', '--quiet', '-b', 'side', bench.baseOid);
    await writeFile(join(bench.path, 'y'), 'y\n');
    await commitAll(bench);
    gitIn(bench.path, 'checkout', '--quiet', bench.branch);
    gitIn(bench.path, 'merge', '--quiet', '--no-commit', 'side');
    await writeFile(join(bench.path, 'evil'), 'only in the merge\n');
    await writeFile(join(bench.path, 'a.txt'), 'changed by the merge\n');
    const merge = await commitAll(bench, 'merge');
    const work = await workOf(bench);
    const ofMerge = work.changes.filter(({ commit }) => commit === merge);
    assert.deepEqual(pathsOf(ofMerge), ['a.txt', 'evil']);
    assert.deepEqual(pathsOf(work.changes), ['a.txt', 'evil', 'x', 'y']);
    assert.ok(ofMerge.every(({ oid }) => oid !== undefined && work.blobs.has(oid)));
    await bench.close();
  });

  it('is not what the remote has on another branch, whatever the refs here say', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ base: 'b' }, { branch: 'feature', from: 'main' });
    room.remote.commit({ 'from-main': 'm' });
    const bench = await room.open({ baseRef: 'feature' });
    gitIn(bench.path, 'merge', '--quiet', '--no-edit', 'refs/remotes/origin/main');
    await writeFile(join(bench.path, 'mine'), 'mine\n');
    const mine = await commitAll(bench);
    assert.deepEqual(pathsOf((await workOf(bench)).changes), ['mine']);
    // Claude may write any ref: it hides nothing.
    gitIn(bench.path, 'update-ref', 'refs/remotes/origin/hidden', mine);
    const work = await bench.work(NEVER);
    assert.deepEqual(pathsOf(work.changes), ['mine']);
    assert.deepEqual(pathsOf(work.difference), ['from-main', 'mine'], 'though the pull request shows it');
    await bench.close();
  });

  it('is no more when others have pushed to the base meanwhile', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'mine'), 'mine\n');
    room.remote.commit({ theirs: 't' });
    assert.deepEqual(pathsOf((await workOf(bench)).changes), ['mine']);
    await bench.close();
  });

  it('is everything from the base on when the remote does not know that base', async (t) => {
    const room = await openRoom(t);
    const other = room.remote.commit({ x: 'x' }, { branch: 'other' });
    room.remote.commit({ 'late.txt': 'token-in-the-base' });
    const bench = await room.open();
    await writeFile(join(bench.path, 'mine'), 'mine\n');
    const before = await workOf(bench);
    assert.deepEqual(pathsOf(before.changes), ['mine']);
    assert.equal((await before.inBase(['token-in-the-base'], NEVER)).size, 1);
    room.remote.git('update-ref', 'refs/heads/main', other);
    const work = await bench.work(NEVER);
    assert.deepEqual(pathsOf(work.changes), ['a.txt', 'dir/b.txt', 'late.txt', 'mine']);
    assert.equal((await work.inBase(['token-in-the-base'], NEVER)).size, 0);
    await bench.close();
  });

  it('shows a path that a merge sets back to what it was long ago', async (t) => {
    const room = await openRoom(t);
    const old = room.remote.tip('main') ?? '';
    room.remote.commit({ 'a.txt': 'mended\n' });
    const bench = await room.open();
    const tree = gitIn(bench.path, 'rev-parse', `${old}^{tree}`);
    const merge = gitIn(bench.path, 'commit-tree', tree, '-p', 'HEAD', '-p', old, '-m', 'm');
    gitIn(bench.path, 'reset', '--quiet', '--hard', merge);
    const work = await workOf(bench);
    assert.deepEqual(pathsOf(work.changes), []);
    assert.deepEqual(pathsOf(work.difference), ['a.txt']);
    await bench.close();
  });

  it('takes links, deletions, modes, submodules, a new root and odd names as they come', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const odd = Buffer.concat([Buffer.from(`${bench.path}/li\nne-`), Buffer.from([0xff])]);
    await writeFile(odd, 'odd\n');
    await symlink('/etc/passwd', join(bench.path, 'link'));
    await rename(join(bench.path, 'a.txt'), join(bench.path, 'moved.txt'));
    await mkdir(join(bench.path, 'sub'));
    await chmod(join(bench.path, 'dir', 'b.txt'), 0o755);
    await commitAll(bench);
    gitIn(bench.path, 'update-index', '--add', '--cacheinfo', `160000,${bench.baseOid},sub`);
    gitIn(bench.path, 'commit', '--quiet', '-m', 'link to another repository');
    const root = gitIn(bench.path, 'commit-tree', 'HEAD^{tree}', '-m', 'a root');
    const both = gitIn(bench.path, 'commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-p', root, '-m', 'two pasts');
    gitIn(bench.path, 'reset', '--quiet', '--soft', both);
    const work = await workOf(bench);
    assert.equal(work.commits.size, 4);
    const first = work.changes.filter(({ commit }) => commit !== root);
    assert.deepEqual(pathsOf(first), ['a.txt', 'dir/b.txt', 'li\nne-\ufffd', 'link', 'moved.txt', 'sub']);
    assert.equal(first.find(({ path }) => path === 'a.txt')?.oid, undefined, 'it is gone');
    const texts = await textsOf(work);
    assert.ok(texts.includes('/etc/passwd') && texts.includes('odd\n'));
    assert.ok(!texts.includes('one\n'), 'a file that was moved is not new');
    await bench.close();
  });

  it('reads many and large contents whole, and knows what stood in the base', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ 'old.txt': 'first\ntoken-in-the-base\n', bin: Buffer.from([0, 65, 66, 67, 0]) });
    const bench = await room.open();
    const large = Buffer.alloc(20 * 1024 * 1024, 'x');
    await writeFile(join(bench.path, 'large'), large);
    for (let n = 0; n < 300; n += 1) await writeFile(join(bench.path, `f${n}`), `${n}\n`);
    await writeFile(join(bench.path, 'empty'), '');
    const work = await workOf(bench);
    assert.equal(work.blobs.size, 302);
    const sizes = (await textsOf(work)).map((text) => text.length);
    assert.ok(sizes.includes(large.length) && sizes.includes(0) && sizes.length === 303);
    const asked = ['token-in-the-base', 'short\ntoken-in-the-base', 'ABC', 'new-token', '.*', '-h'];
    assert.deepEqual(await work.inBase(asked, NEVER), new Set(asked.slice(0, 3)));
    await bench.close();
    assert.deepEqual(await readdir(room.worktreeRoot), []);
  });
});
