import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import type { Workspace } from '../../../src/ports/workspace.js';
import { createSampleRemote, GIT_ENV, gitIn } from '../../support/git-repository.js';
import { type BenchRoom, branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const RESULT = `refs/agenticore/${JOB}/result`;
const LEFT = `refs/agenticore/${JOB}/left-1`;

const claudeCommits = (bench: Workspace, name: string, content = name): Promise<string> =>
  writeFile(join(bench.path, name), content).then(() => {
    gitIn(bench.path, 'add', name);
    gitIn(bench.path, 'commit', '-q', '-m', `Add ${name}`);
    return gitIn(bench.path, 'rev-parse', 'HEAD');
  });

/** Files of a commit in the mirror, as git quotes them. */
const filesOf = async (room: BenchRoom, commit: string): Promise<readonly string[]> =>
  (await room.mirrorGit('ls-tree', '-r', '--name-only', commit)).split('\n').filter(Boolean);

const unclear = (words: RegExp) => (error: unknown) =>
  isCode(error, 'WORKSPACE_FAILED') && words.test(String(error));

/** Commits expecting a refusal, closes, and returns the files of what was kept. */
async function refusedAndKept(room: BenchRoom, bench: Workspace, words: RegExp): Promise<readonly string[]> {
  await assert.rejects(bench.commit('no', NEVER), unclear(words));
  assert.equal((await room.mirrorRefs()).get(RESULT), undefined);
  await bench.close();
  assert.deepEqual(await room.leftovers(), []);
  return filesOf(room, LEFT);
}

describe('committing the work', () => {
  it('commits what is uncommitted, tracked or not, without what is ignored, and keeps it under a ref', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ '.gitignore': 'ignored/\n*.log\n' });
    const bench = await room.open();
    await writeFile(join(bench.path, 'a.txt'), 'changed');
    await rm(join(bench.path, 'dir'), { recursive: true });
    await writeFile(join(bench.path, 'new.txt'), 'n');
    await writeFile(join(bench.path, 'x.log'), 'n');
    await mkdir(join(bench.path, 'ignored'));
    await writeFile(join(bench.path, 'ignored/y'), 'n');
    const { oid, leftUncommitted } = await bench.commit("Finish\n\nit's: # not a comment", NEVER);
    assert.equal(leftUncommitted, true);
    assert.deepEqual(await filesOf(room, oid ?? ''), ['.gitignore', 'a.txt', 'new.txt']);
    assert.equal(
      await room.mirrorGit('log', '-1', '--format=%an <%ae> %cn|%B', oid ?? ''),
      "Agenticore <agenticore@localhost> Agenticore|Finish\n\nit's: # not a comment\n",
    );
    assert.equal(gitIn(bench.path, 'status', '--porcelain'), '', 'claude, resumed, finds a clean worktree');
    assert.equal(gitIn(bench.path, 'rev-parse', 'HEAD'), oid);
    await bench.close();
    assert.equal((await room.mirrorRefs()).get(RESULT), oid);
  });

  it('adds nothing when claude committed everything, or did nothing', async (t) => {
    const room = await openRoom(t);
    const idle = await room.open({ jobId: 'idle' });
    assert.deepEqual(await idle.commit('m', NEVER), { oid: undefined, leftUncommitted: false });
    await writeFile(join(idle.path, 'a.txt'), 'one\n');
    assert.deepEqual(
      await idle.commit('m', NEVER),
      { oid: undefined, leftUncommitted: false },
      'a file that was only touched',
    );
    await writeFile(join(idle.path, 'a.txt'), 'two\n');
    gitIn(idle.path, 'add', 'a.txt');
    await writeFile(join(idle.path, 'a.txt'), 'one\n');
    gitIn(idle.path, 'rm', '-q', '--cached', 'dir/b.txt');
    assert.deepEqual(
      await idle.commit('m', NEVER),
      { oid: undefined, leftUncommitted: false },
      'changes that were staged and taken back',
    );
    await idle.close();
    const bench = await room.open();
    const head = await claudeCommits(bench, 'x');
    assert.deepEqual(await bench.commit('m', NEVER), { oid: head, leftUncommitted: false });
    await bench.close();
  });

  it('can be done again after more work', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, '1'), '1');
    const first = await bench.commit('first', NEVER);
    await writeFile(join(bench.path, '2'), '2');
    const second = await bench.commit('second', NEVER);
    assert.equal(await room.mirrorGit('rev-parse', `${second.oid}^`), first.oid);
    await bench.close();
    assert.deepEqual(
      [...(await room.mirrorRefs()).keys()].filter((name) => name.includes('left')),
      [],
    );
  });

  it('stops when it is told to, and closing keeps the work all the same', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'x'), 'x');
    const reason = new Error('cancelled');
    await assert.rejects(bench.commit('m', AbortSignal.abort(reason)), reason);
    await bench.close();
    assert.deepEqual(await filesOf(room, LEFT), ['a.txt', 'dir/b.txt', 'x']);
  });

  it('lets an author be chosen', async (t) => {
    const room = await openRoom(t, { author: { name: 'Robo', email: 'robo@example.com' } });
    const bench = await room.open();
    await writeFile(join(bench.path, '1'), '1');
    const { oid } = await bench.commit('m', NEVER);
    assert.equal(
      await room.mirrorGit('log', '-1', '--format=%ae %ce', oid ?? ''),
      'robo@example.com robo@example.com',
    );
    await bench.close();
  });

  it('survives every file name and kind of file', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const names = [
      '-rf',
      '--help',
      'new\nline',
      'qu"ote',
      "it's",
      'tab\there',
      ' lead',
      'trail ',
      'ü',
      ':(exclude)x',
      '*',
      '#x',
      'back\\slash',
      '"',
    ];
    for (const name of names) await writeFile(join(bench.path, name), name);
    const invalid = Buffer.concat([Buffer.from(`${bench.path}/bad-`), Buffer.from([0xff, 0xfe])]);
    await writeFile(invalid, 'not utf-8');
    await symlink('/etc/passwd', join(bench.path, 'link'));
    await symlink('nowhere', join(bench.path, 'dangling'));
    await symlink('..', join(bench.path, 'updir'));
    execFileSync('mkfifo', [join(bench.path, 'pipe')]);
    await writeFile(join(bench.path, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    await rm(join(bench.path, 'a.txt'));
    await mkdir(join(bench.path, 'a.txt'));
    await writeFile(join(bench.path, 'a.txt', 'now a folder'), '');
    await rm(join(bench.path, 'dir'), { recursive: true });
    await writeFile(join(bench.path, 'dir'), 'now a file');
    const { oid } = await bench.commit('m', NEVER);
    const entries = (await room.mirrorGit('-c', 'core.quotePath=false', 'ls-tree', '-r', '-z', oid ?? ''))
      .split('\0')
      .filter(Boolean);
    const found = new Map(entries.map((entry) => [entry.slice(entry.indexOf('\t') + 1), entry.slice(0, 6)]));
    for (const name of [...names, 'a.txt/now a folder', 'dir'])
      assert.equal(found.get(name), '100644', JSON.stringify(name));
    for (const name of ['link', 'dangling', 'updir']) assert.equal(found.get(name), '120000', name);
    assert.equal(found.get('run.sh'), '100755');
    assert.equal(found.size, names.length + 7, 'the name that is no utf-8 is there, the pipe is not');
    assert.equal(await room.mirrorGit('cat-file', 'blob', `${oid}:link`), '/etc/passwd');
    await bench.close();
  });

  it('takes repositories within the worktree as the files they hold', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const nested = join(bench.path, 'web');
    const deep = join(nested, 'lib', 'deep');
    await mkdir(deep, { recursive: true });
    await writeFile(join(nested, 'app.js'), 'app');
    await writeFile(join(nested, '.gitignore'), 'node_modules\n');
    await mkdir(join(nested, 'node_modules'));
    await writeFile(join(nested, 'node_modules', 'x'), 'x');
    gitIn(nested, 'init', '-q');
    gitIn(nested, 'add', '.');
    gitIn(nested, 'commit', '-q', '-m', 'scaffold');
    gitIn(deep, 'init', '-q');
    await writeFile(join(deep, 'f'), 'f');
    const { oid } = await bench.commit('m', NEVER);
    assert.deepEqual(await filesOf(room, oid ?? ''), [
      'a.txt',
      'dir/b.txt',
      'web/.gitignore',
      'web/app.js',
      'web/lib/deep/f',
    ]);
    await bench.close();
  });

  it('leaves submodules alone, and keeps what was done in them', async (t) => {
    const room = await openRoom(t);
    const library = createSampleRemote(room.root, 'library', { 'lib.c': '1' });
    const seed = join(room.root, 'seed');
    gitIn(room.root, 'clone', '-q', room.remote.path, seed);
    gitIn(seed, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.url, 'sub');
    gitIn(seed, 'commit', '-q', '-m', 'submodule');
    gitIn(seed, 'push', '-q', 'origin', 'main');
    const bench = await room.open();
    gitIn(bench.path, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');
    await writeFile(join(bench.path, 'sub', 'lib.c'), 'changed');
    await writeFile(join(bench.path, 'sub', 'new.c'), 'new');
    assert.deepEqual(await bench.commit('m', NEVER), { oid: undefined, leftUncommitted: false });
    gitIn(join(bench.path, 'sub'), 'commit', '-qam', 'in the submodule');
    await writeFile(join(bench.path, 'own'), 'own');
    const { oid } = await bench.commit('m', NEVER);
    assert.equal(
      await room.mirrorGit('rev-parse', `${oid}:sub`),
      await room.mirrorGit('rev-parse', 'origin/main:sub'),
    );
    await bench.close();
    assert.equal(await room.mirrorGit('show', `${LEFT}:sub/lib.c`), 'changed');
    assert.equal(await room.mirrorGit('show', `${LEFT}:sub/new.c`), 'new');
    assert.deepEqual(await room.leftovers(), []);
  });

  it('runs no hook of the repository', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const hooks = gitIn(bench.path, 'rev-parse', '--path-format=absolute', '--git-path', 'hooks');
    await mkdir(hooks, { recursive: true });
    const mark = join(room.root, 'hook-ran');
    for (const hook of [
      'pre-commit',
      'commit-msg',
      'post-commit',
      'pre-push',
      'reference-transaction',
      'post-index-change',
    ]) {
      await writeFile(join(hooks, hook), `#!/bin/sh\ntouch ${mark}\nexit 1\n`, { mode: 0o755 });
    }
    await writeFile(join(bench.path, 'x'), 'x');
    await bench.commit('m', NEVER);
    await bench.push(NEVER);
    await bench.close();
    assert.ok(!(await readdir(room.root)).includes('hook-ran'));
  });
});

describe('wherever claude left HEAD, the result is on the branch of the job', () => {
  it('when it made a branch of its own, or renamed ours', async (t) => {
    const room = await openRoom(t);
    for (const [index, args] of [
      ['checkout', '-q', '-b', 'fix/own'],
      ['branch', '-m', 'fix/renamed'],
      ['checkout', '-q', '--detach'],
    ].entries()) {
      const jobId = `job${index}`;
      const bench = await room.open({ jobId });
      gitIn(bench.path, ...args);
      const head = await claudeCommits(bench, 'x');
      await writeFile(join(bench.path, 'y'), 'y');
      const { oid } = await bench.commit('m', NEVER);
      assert.equal(await room.mirrorGit('rev-parse', `${oid}^`), head);
      assert.equal(gitIn(bench.path, 'symbolic-ref', 'HEAD'), `refs/heads/${branchOf(jobId)}`);
      await bench.push(NEVER);
      assert.equal(room.remote.tip(branchOf(jobId)), oid);
      await bench.close();
    }
  });

  it('when it went back to look at the base', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const head = await claudeCommits(bench, 'x');
    gitIn(bench.path, 'checkout', '-q', 'origin/main');
    assert.deepEqual(await bench.commit('m', NEVER), { oid: head, leftUncommitted: false });
    await bench.push(NEVER);
    assert.equal(room.remote.tip(branchOf(JOB)), head);
    await bench.close();
    assert.equal((await room.mirrorRefs()).get(LEFT), undefined);
  });

  it('when it amended or rebased', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await claudeCommits(bench, 'x');
    gitIn(bench.path, 'commit', '-q', '--amend', '-m', 'better');
    room.remote.commit({ 'c.txt': 'c' });
    gitIn(bench.path, 'fetch', '-q');
    gitIn(bench.path, 'rebase', '-q', 'origin/main');
    const head = gitIn(bench.path, 'rev-parse', 'HEAD');
    assert.equal((await bench.commit('m', NEVER)).oid, head);
    await bench.close();
  });

  it('when it left a merge to be concluded', async (t) => {
    const room = await openRoom(t);
    const other = room.remote.commit({ 'c.txt': 'c' }, { branch: 'other', from: 'main' });
    const bench = await room.open();
    const head = await claudeCommits(bench, 'x');
    gitIn(bench.path, 'merge', '-q', '--no-commit', 'origin/other');
    const { oid, leftUncommitted } = await bench.commit('m', NEVER);
    assert.equal(leftUncommitted, true);
    assert.equal(await room.mirrorGit('log', '-1', '--format=%P', oid ?? ''), `${head} ${other}`);
    assert.equal(gitIn(bench.path, 'status', '--porcelain'), '');
    assert.doesNotMatch(gitIn(bench.path, 'status'), /merg/i);
    await bench.close();
  });

  it('when it stands on a branch without a commit, or deleted ours', async (t) => {
    const room = await openRoom(t);
    const orphan = await room.open({ jobId: 'orphan' });
    gitIn(orphan.path, 'checkout', '-q', '--orphan', 'fresh');
    await writeFile(join(orphan.path, 'x'), 'x');
    const { oid } = await orphan.commit('m', NEVER);
    assert.equal(await room.mirrorGit('rev-parse', `${oid}^`), orphan.baseOid);
    await orphan.close();
    const deleted = await room.open({ jobId: 'deleted' });
    gitIn(deleted.path, 'update-ref', '-d', 'HEAD');
    await writeFile(join(deleted.path, 'x'), 'x');
    const second = await deleted.commit('m', NEVER);
    assert.equal(await room.mirrorGit('rev-parse', `${second.oid}^`), deleted.baseOid);
    await deleted.close();
  });

  it('when it deleted .git, or made another repository in its place', async (t) => {
    const room = await openRoom(t);
    for (const jobId of ['without', 'replaced']) {
      const bench = await room.open({ jobId });
      await rm(join(bench.path, '.git'));
      await writeFile(join(bench.path, 'x'), 'x');
      if (jobId === 'replaced') {
        gitIn(bench.path, 'init', '-q');
        gitIn(bench.path, 'add', '.');
        gitIn(bench.path, 'commit', '-q', '-m', 'mine');
      }
      const { oid } = await bench.commit('m', NEVER);
      assert.deepEqual(await filesOf(room, oid ?? ''), ['a.txt', 'dir/b.txt', 'x']);
      await bench.push(NEVER);
      assert.equal(room.remote.tip(branchOf(jobId)), oid);
      await bench.close();
    }
  });

  it("when it broke git's memory of the worktree", async (t) => {
    const room = await openRoom(t);
    const breakages: Readonly<Record<string, (admin: string) => Promise<unknown>>> = {
      index: (admin) => writeFile(join(admin, 'index'), 'garbage'),
      noindex: (admin) => rm(join(admin, 'index')),
      head: (admin) => writeFile(join(admin, 'HEAD'), 'garbage'),
      nohead: (admin) => rm(join(admin, 'HEAD')),
      stale: (admin) => writeFile(join(admin, 'index.lock'), ''),
      all: (admin) => rm(admin, { recursive: true }),
    };
    for (const [jobId, breakIt] of Object.entries(breakages)) {
      const bench = await room.open({ jobId });
      await claudeCommits(bench, 'committed');
      await writeFile(join(bench.path, 'x'), 'x');
      await rm(join(bench.path, 'a.txt'));
      await breakIt(gitIn(bench.path, 'rev-parse', '--absolute-git-dir'));
      const { oid } = await bench.commit('m', NEVER);
      assert.deepEqual(await filesOf(room, oid ?? ''), ['committed', 'dir/b.txt', 'x'], jobId);
      assert.equal(await room.mirrorGit('rev-list', '--count', `${bench.baseOid}..${oid}`), '2', jobId);
      await bench.close();
    }
    assert.deepEqual(await room.leftovers(), []);
  });
});

describe('what claude left unfinished is refused with words, and kept', () => {
  it('a conflict', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ 'a.txt': 'theirs' }, { branch: 'other', from: 'main' });
    const bench = await room.open();
    await claudeCommits(bench, 'a.txt', 'ours');
    assert.throws(() => gitIn(bench.path, 'merge', '-q', 'origin/other'));
    await writeFile(join(bench.path, 'more'), 'm');
    assert.deepEqual(
      await refusedAndKept(room, bench, /unresolved conflicts in a\.txt; nothing was pushed/),
      ['a.txt', 'dir/b.txt', 'more'],
    );
    assert.match(await room.mirrorGit('show', `${LEFT}:a.txt`), /<<<<<<< /);
  });

  it('a rebase half done', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await claudeCommits(bench, 'x');
    const tip = await claudeCommits(bench, 'y');
    execFileSync('git', ['rebase', '-q', '-i', 'HEAD~2'], {
      cwd: bench.path,
      env: { ...GIT_ENV, GIT_SEQUENCE_EDITOR: 'sed -i -e 1s/pick/edit/' },
      stdio: 'pipe',
    });
    await refusedAndKept(room, bench, /rebase half done/);
    const refs = await room.mirrorRefs();
    const kept = await Promise.all(
      [...refs].filter(([name]) => name.includes('/left-')).map(([, oid]) => oid),
    );
    assert.ok(kept.includes(tip), 'the branch before the rebase is kept, too');
  });

  it('work in two places', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const ours = await claudeCommits(bench, 'x');
    gitIn(bench.path, 'checkout', '-q', '-b', 'second-try', 'origin/main');
    const theirs = await claudeCommits(bench, 'y');
    await refusedAndKept(room, bench, /in two places, on agenticore-.* and on second-try/);
    const refs = await room.mirrorRefs();
    const kept = [...refs].filter(([name]) => name.includes('/left-')).map(([, oid]) => oid);
    assert.deepEqual(kept.sort(), [ours, theirs].sort());
  });
});

describe('a file that cannot be read', { skip: process.getuid?.() === 0 && 'root reads everything' }, () => {
  it('is named, and the rest is kept', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'closed'), 'c', { mode: 0o000 });
    await writeFile(join(bench.path, 'open'), 'o');
    assert.deepEqual(await refusedAndKept(room, bench, /closed cannot be read/), [
      'a.txt',
      'dir/b.txt',
      'open',
    ]);
    assert.ok(room.facts.includes('workspace.unreadable'));
  });
});

describe('closing a workspace', () => {
  it('keeps what was never committed, and what came after the commit', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const head = await claudeCommits(bench, 'x');
    await writeFile(join(bench.path, 'uncommitted'), 'u');
    await bench.close();
    assert.equal(await room.mirrorGit('rev-parse', `${LEFT}^`), head);
    assert.deepEqual(await filesOf(room, LEFT), ['a.txt', 'dir/b.txt', 'uncommitted', 'x']);
    const second = await room.open();
    await writeFile(join(second.path, 'y'), 'y');
    await second.commit('m', NEVER);
    await writeFile(join(second.path, 'late'), 'l');
    await Promise.all([second.close(), second.close()]);
    assert.deepEqual(await filesOf(room, `refs/agenticore/${JOB}/left-2`), [
      'a.txt',
      'dir/b.txt',
      'late',
      'y',
    ]);
    assert.deepEqual(await room.leftovers(), []);
    assert.deepEqual(
      [...(await room.mirrorRefs()).keys()].filter((name) => name.startsWith('refs/heads/')),
      [],
    );
  });

  it('keeps the work once more when its ref was removed or moved meanwhile', async (t) => {
    const room = await openRoom(t);
    const acts: readonly (readonly string[])[] = [
      ['update-ref', '-d', RESULT],
      ['update-ref', RESULT, 'refs/remotes/origin/main'],
    ];
    for (const [index, act] of acts.entries()) {
      const bench = await room.open();
      await writeFile(join(bench.path, 'work'), `${index}`);
      const { oid } = await bench.commit('m', NEVER);
      await room.mirrorGit(...act);
      await bench.close();
      const refs = await room.mirrorRefs();
      assert.equal(refs.get(`refs/agenticore/${JOB}/left-${index + 1}`), oid, act.join(' '));
      assert.equal(refs.has(`refs/heads/${branchOf(JOB)}`), false);
    }
  });

  it('keeps nothing where nothing was done', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await bench.close();
    assert.deepEqual(
      [...(await room.mirrorRefs()).keys()].filter((name) => name.includes(JOB)),
      [],
    );
  });

  it('copes with a worktree that claude deleted, moved or unlocked', async (t) => {
    const room = await openRoom(t);
    const acts: readonly ((bench: Workspace) => unknown)[] = [
      (bench) => rm(bench.path, { recursive: true }),
      (bench) => rename(bench.path, `${room.root}/elsewhere`),
      (bench) => gitIn(room.root, '-C', bench.path, 'worktree', 'unlock', bench.path),
      (bench) => gitIn(room.root, '-C', bench.path, 'worktree', 'remove', '--force', '--force', bench.path),
    ];
    for (const [index, act] of acts.entries()) {
      const jobId = `job${index}`;
      const bench = await room.open({ jobId });
      const head = await claudeCommits(bench, 'x');
      await act(bench);
      await bench.close();
      assert.equal((await room.mirrorRefs()).get(`refs/agenticore/${jobId}/left-1`), head);
      assert.deepEqual(await room.leftovers(), []);
    }
  });

  it('removes folders that forbid it', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await mkdir(join(bench.path, 'cache', 'mod'), { recursive: true });
    await writeFile(join(bench.path, 'cache', 'mod', 'f'), 'f');
    await chmod(join(bench.path, 'cache', 'mod'), 0o555);
    await chmod(join(bench.path, 'cache'), 0o555);
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('leaves the files where they are when they cannot be kept', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'precious'), 'p');
    await rm(gitIn(bench.path, 'rev-parse', '--path-format=absolute', '--git-path', 'objects'), {
      recursive: true,
    });
    await bench.close();
    assert.ok((await readdir(bench.path)).includes('precious'));
    assert.ok(room.facts.includes('workspace.left_in_place'));
  });
});
