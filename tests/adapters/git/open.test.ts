import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { createSampleRemote, gitIn } from '../../support/git-repository.js';
import { branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const is = (code: Parameters<typeof isCode>[1], words?: RegExp) => (error: unknown) =>
  isCode(error, code) && (words === undefined || words.test(String(error)));

describe('opening a workspace', () => {
  it('gives a locked worktree on a branch of its own, at the default branch of the remote', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    assert.equal(bench.branch, branchOf(JOB));
    assert.equal(bench.baseRef, 'main');
    assert.equal(bench.baseOid, room.remote.tip('main'));
    assert.equal(bench.resumed, false);
    assert.equal(bench.path, join(room.worktreeRoot, `${JOB}-1`));
    assert.equal(await readFile(join(bench.path, 'a.txt'), 'utf8'), 'one\n');
    assert.equal(gitIn(bench.path, 'branch', '--show-current'), branchOf(JOB));
    assert.equal(gitIn(bench.path, 'status', '--porcelain'), '');
    assert.equal(gitIn(bench.path, 'rev-parse', 'origin/main', 'origin/HEAD').split('\n')[1], bench.baseOid);
    assert.match(
      gitIn(bench.path, 'worktree', 'list', '--porcelain'),
      new RegExp(`locked agenticore: job ${JOB}`),
    );
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
    assert.deepEqual(
      [...(await room.mirrorRefs()).keys()].filter((name) => name.startsWith('refs/heads/')),
      [],
    );
  });

  it('shows claude a repository that it can commit in, under our name', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'new.txt'), 'x');
    gitIn(bench.path, 'add', '.');
    const identity = gitIn(bench.path, '-c', 'user.useConfigOnly=true', 'config', 'user.email');
    assert.equal(identity, 'agenticore@localhost');
    assert.doesNotMatch(await readFile(join(bench.path, '.git'), 'utf8'), /trusted/);
    await bench.close();
  });

  it('sees what was pushed to the remote since, keeps one mirror, and drops what was deleted there', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ 'f.txt': 'f' }, { branch: 'feature' });
    const first = await room.open();
    const newer = room.remote.commit({ 'a.txt': 'newer\n' });
    room.remote.git('branch', '-D', 'feature');
    const second = await room.open({ jobId: 'second', repoUrl: room.remote.path });
    assert.equal(second.baseOid, newer);
    assert.equal(await readFile(join(second.path, 'a.txt'), 'utf8'), 'newer\n');
    assert.equal((await room.mirrorRefs()).has('refs/remotes/origin/feature'), false);
    assert.equal(
      gitIn(first.path, 'rev-parse', 'HEAD'),
      first.baseOid,
      'a fetch does not touch the branch of a job',
    );
    await Promise.all([first.close(), second.close()]);
  });

  it('follows the default branch of the remote when it changes, even to one at the same commit', async (t) => {
    const room = await openRoom(t);
    room.remote.git('branch', 'develop', 'main');
    const first = await room.open({ jobId: 'j1' });
    assert.equal(first.baseRef, 'main');
    room.remote.git('symbolic-ref', 'HEAD', 'refs/heads/develop');
    const second = await room.open({ jobId: 'j2' });
    assert.equal(second.baseRef, 'develop');
    const tip = room.remote.commit({ 'c.txt': 'c' }, { branch: 'develop' });
    const third = await room.open({ jobId: 'j3' });
    assert.deepEqual([third.baseRef, third.baseOid], ['develop', tip]);
    assert.equal(
      await room.mirrorGit('symbolic-ref', 'refs/remotes/origin/HEAD'),
      'refs/remotes/origin/develop',
    );
    await Promise.all([first, second, third].map((bench) => bench.close()));
  });

  it('starts from a branch, a tag, an annotated tag or a commit id, whole or short', async (t) => {
    const room = await openRoom(t);
    const { remote } = room;
    const first = remote.tip('main') ?? '';
    const second = remote.commit({ 'a.txt': '2' }, { branch: 'feature/x', from: 'main' });
    remote.git('tag', 'light', first);
    remote.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'tag', '-a', '-m', 'm', 'v1.0', second);
    remote.git('branch', 'same', first);
    remote.git('tag', 'same', second);
    const cases: readonly (readonly [string, string, string])[] = [
      ['feature/x', second, 'feature/x'],
      ['refs/heads/feature/x', second, 'feature/x'],
      ['light', first, 'light'],
      ['v1.0', second, 'v1.0'],
      ['refs/tags/v1.0', second, 'v1.0'],
      [first, first, first],
      [second.slice(0, 10), second, second.slice(0, 10)],
      ['same', first, 'same'],
      ['refs/tags/same', second, 'same'],
      ['HEAD', first, 'main'],
    ];
    for (const [index, [baseRef, oid, shown]] of cases.entries()) {
      const bench = await room.open({ jobId: `job${index}`, baseRef });
      assert.deepEqual([bench.baseOid, bench.baseRef], [oid, shown], baseRef);
      assert.equal(gitIn(bench.path, 'rev-parse', 'HEAD'), oid);
      await bench.close();
    }
  });

  it('fetches a commit that is on no branch when the remote gives it', async (t) => {
    const room = await openRoom(t);
    const oid = room.remote.commit({ 'x.txt': 'x' }, { branch: 'gone' });
    room.remote.git('update-ref', 'refs/pull/1/head', oid);
    room.remote.git('branch', '-D', 'gone');
    const bench = await room.open({ baseRef: oid });
    assert.equal(bench.baseOid, oid);
    await bench.close();
  });

  it('says that a base does not exist, also when it exists only here', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open({ jobId: 'maker' });
    gitIn(bench.path, 'commit', '--allow-empty', '-q', '-m', 'local');
    gitIn(bench.path, 'branch', 'abcdef0');
    gitIn(bench.path, 'tag', 'local-tag');
    const local = gitIn(bench.path, 'rev-parse', 'HEAD');
    for (const baseRef of [
      'nope',
      'f'.repeat(40),
      'abc1',
      local,
      'abcdef0',
      'local-tag',
      branchOf('maker'),
      'origin/main',
    ]) {
      await assert.rejects(room.open({ baseRef }), is('BASE_REF_NOT_FOUND', /base_ref/), baseRef);
    }
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('never hands an option or an expression to git', async (t) => {
    const room = await openRoom(t);
    for (const baseRef of ['--orphan', '--upload-pack=touch x', '-b', 'main~1', 'main:a.txt', '@{u}']) {
      await assert.rejects(room.open({ baseRef }), is('BASE_REF_REFUSED'), baseRef);
    }
    await assert.rejects(room.open({ jobId: '../x' }), /not a job id/);
  });

  it('says of an empty repository that it has no commit yet, and works once it has one', async (t) => {
    const room = await openRoom(t);
    const empty = createSampleRemote(room.root, 'empty');
    await assert.rejects(room.open({ repoUrl: empty.url }), is('BASE_REF_NOT_FOUND', /no commit yet/));
    empty.commit({ 'x.txt': 'x' }, { branch: 'other' });
    await assert.rejects(
      room.open({ repoUrl: empty.url }),
      is('BASE_REF_NOT_FOUND', /default branch does not exist yet/),
    );
    const other = await room.open({ repoUrl: empty.url, baseRef: 'other' });
    await other.close();
    const oid = empty.commit({ 'y.txt': 'y' });
    const bench = await room.open({ repoUrl: empty.url });
    assert.equal(bench.baseOid, oid);
    await bench.close();
  });

  it('names a detached HEAD of the remote HEAD', async (t) => {
    const room = await openRoom(t);
    const oid = room.remote.tip('main') ?? '';
    room.remote.commit({ 'a.txt': 'x' });
    room.remote.git('update-ref', '--no-deref', 'HEAD', oid);
    const bench = await room.open();
    assert.deepEqual([bench.baseRef, bench.baseOid], ['HEAD', oid]);
    await bench.close();
  });

  it('goes on from the commit of an earlier attempt, and starts afresh when that is not here', async (t) => {
    const room = await openRoom(t);
    const first = await room.open();
    await writeFile(join(first.path, 'work.txt'), 'w');
    const { oid } = await first.commit('Work', NEVER);
    await first.close();
    room.remote.commit({ 'moved.txt': 'on' });
    const second = await room.open({ resumeFrom: oid ?? '' });
    assert.equal(second.resumed, true);
    assert.equal(second.baseOid, first.baseOid, 'the base is where that work began');
    assert.equal(gitIn(second.path, 'rev-parse', 'HEAD'), oid);
    assert.deepEqual(await second.commit('nothing', NEVER), { oid, leftUncommitted: false });
    await second.close();
    for (const resumeFrom of ['f'.repeat(40), 'main', '--help', `${oid}^`]) {
      const fresh = await room.open({ resumeFrom });
      assert.equal(fresh.resumed, false, resumeFrom);
      await fresh.close();
    }
  });

  it('gives an attempt that starts afresh a clean branch and keeps what the one before had', async (t) => {
    const room = await openRoom(t);
    const first = await room.open();
    await writeFile(join(first.path, 'work.txt'), 'w');
    const { oid } = await first.commit('Work', NEVER);
    await first.close();
    const second = await room.open();
    assert.equal(gitIn(second.path, 'rev-parse', 'HEAD'), second.baseOid);
    await writeFile(join(second.path, 'better.txt'), 'b');
    const again = await second.commit('Better', NEVER);
    await second.close();
    const refs = await room.mirrorRefs();
    assert.equal(refs.get(`refs/agenticore/${JOB}/result`), again.oid);
    assert.equal(refs.get(`refs/agenticore/${JOB}/left-1`), oid);
  });

  it('reads the instructions of the repository at the base, and follows no link', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open({ jobId: 'none' });
    assert.equal(await bench.instructions(), '');
    await bench.close();
    room.remote.commit({ 'CLAUDE.md': 'Be kind.\n', '.claude/CLAUDE.md': 'Be brief.\n' });
    const both = await room.open({ jobId: 'both' });
    await writeFile(join(both.path, 'CLAUDE.md'), 'changed');
    assert.equal(await both.instructions(), 'Be brief.\n\n\nBe kind.\n');
    await both.close();
    room.remote.commit({
      'CLAUDE.md': { link: '/etc/passwd' },
      '.claude/CLAUDE.md': null,
      '.claude': { link: '/etc' },
    });
    const links = await room.open({ jobId: 'links' });
    assert.equal(await links.instructions(), '');
    await links.close();
    room.remote.commit({ 'CLAUDE.md': 'x'.repeat(200_000), '.claude': null });
    const huge = await room.open({ jobId: 'huge' });
    const text = await huge.instructions();
    assert.ok(text.length < 60_000);
    assert.match(text, /Only the first \d+ bytes/);
    await huge.close();
  });

  it('stops when it is told to, and leaves nothing', async (t) => {
    const room = await openRoom(t);
    const order = { jobId: JOB, repoUrl: room.remote.url, branch: branchOf(JOB), attempt: 1 };
    const reason = new Error('enough');
    await assert.rejects(room.workspaces.open(order, AbortSignal.abort(reason)), reason);
    assert.deepEqual(await room.leftovers(), []);
  });

  it('repairs a mirror that was damaged and resets a configuration that was changed', async (t) => {
    const room = await openRoom(t);
    const first = await room.open({ jobId: 'j1' });
    const mirror = gitIn(first.path, 'rev-parse', '--path-format=absolute', '--git-common-dir');
    await appendFile(join(mirror, 'config'), '[core]\n\thooksPath = /tmp/evil\n');
    await mkdir(join(mirror, 'hooks'), { recursive: true });
    await writeFile(join(mirror, 'hooks', 'post-checkout'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const second = await room.open({ jobId: 'j2' });
    assert.doesNotMatch(await readFile(join(mirror, 'config'), 'utf8'), /evil/);
    await assert.rejects(stat(join(mirror, 'hooks')));
    assert.ok(room.facts.includes('mirror.config_reset'));
    await Promise.all([first.close(), second.close()]);
    await rm(join(mirror, 'HEAD'));
    await rm(join(mirror, 'objects'), { recursive: true });
    await rm(join(mirror, 'refs'), { recursive: true });
    await rm(join(mirror, 'packed-refs'), { force: true });
    const third = await room.open({ jobId: 'j3' });
    assert.deepEqual((await readdir(third.path)).sort(), ['.git', 'a.txt', 'dir']);
    await third.close();
  });

  it('does not let refs pile up as single files', async (t) => {
    const room = await openRoom(t);
    const first = await room.open({ jobId: 'j1' });
    for (let n = 0; n <= 100; n += 1) room.remote.git('tag', `t${n}`, 'main');
    const second = await room.open({ jobId: 'j2' });
    const mirror = gitIn(second.path, 'rev-parse', '--path-format=absolute', '--git-common-dir');
    assert.deepEqual(await readdir(join(mirror, 'refs', 'tags')).catch(() => []), []);
    assert.equal((await room.mirrorRefs()).get('refs/tags/t100'), second.baseOid);
    await Promise.all([first.close(), second.close()]);
    assert.deepEqual(await room.leftovers(), []);
  });

  it('makes a mirror whole again after claude fetched a part of the history only', async (t) => {
    const room = await openRoom(t);
    for (const text of ['2', '3', '4']) room.remote.commit({ 'a.txt': text });
    const first = await room.open({ jobId: 'j1' });
    const tip = room.remote.commit({ 'a.txt': '5' });
    gitIn(first.path, 'fetch', '-q', '--depth=1', 'origin');
    assert.equal(gitIn(first.path, 'rev-parse', '--is-shallow-repository'), 'true');
    await first.close();
    const second = await room.open({ jobId: 'j2' });
    assert.equal(gitIn(second.path, 'rev-list', '--count', tip), '5');
    await second.close();
  });
});
