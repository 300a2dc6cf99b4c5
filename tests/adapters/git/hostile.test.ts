// Claude shares the mirror's configuration with us and may have been talked into anything: whatever it plants there,
// our own git commands must not run it, nor go anywhere else.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { createSampleRemote, gitIn } from '../../support/git-repository.js';
import { branchOf, JOB, NEVER, openRoom } from './bench-room.js';

describe('what claude plants', () => {
  it('in configuration, hooks and attributes is neither run nor obeyed', async (t) => {
    const room = await openRoom(t);
    const thief = createSampleRemote(room.root, 'thief', { 'x.txt': 'x' });
    const bench = await room.open();
    const marks = join(room.root, 'marks');
    await mkdir(marks);
    const run = (name: string): string => `touch ${join(marks, name)}; cat; true #`;
    const plant: Readonly<Record<string, string>> = {
      'core.fsmonitor': run('fsmonitor'),
      'core.hooksPath': join(room.root, 'hooks'),
      'core.sshCommand': run('ssh'),
      'core.askPass': run('askpass'),
      'core.editor': run('editor'),
      'core.pager': run('pager'),
      'core.gitProxy': run('proxy'),
      'core.alternateRefsCommand': run('alternates'),
      'core.worktree': '/tmp',
      'core.excludesFile': '/dev/stdin',
      'credential.helper': `!${run('helper')}`,
      'diff.external': run('diff'),
      'diff.evil.textconv': run('textconv'),
      'diff.evil.command': run('diffcommand'),
      'filter.evil.clean': run('clean'),
      'filter.evil.smudge': run('smudge'),
      'filter.evil.process': run('process'),
      'filter.evil.required': 'true',
      'merge.evil.driver': run('merge'),
      'gpg.program': run('gpg'),
      'commit.gpgSign': 'true',
      'user.name': 'Mallory',
      'remote.origin.pushurl': thief.url,
      'remote.origin.uploadpack': run('uploadpack'),
      'remote.origin.receivepack': run('receivepack'),
      [`url.${thief.url}.insteadOf`]: room.remote.url,
      [`url.${thief.url}.pushInsteadOf`]: room.remote.url,
      'include.path': join(room.root, 'more'),
      'uploadpack.packObjectsHook': run('packobjects'),
      'protocol.ext.allow': 'always',
      'push.pushOption': 'evil',
      'extensions.worktreeConfig': 'true',
    };
    for (const [key, value] of Object.entries(plant)) {
      if (key !== 'core.worktree' && key !== 'core.fsmonitor') gitIn(bench.path, 'config', key, value);
    }
    gitIn(bench.path, 'config', 'core.fsmonitor', plant['core.fsmonitor'] ?? '');
    const admin = gitIn(bench.path, 'rev-parse', '--absolute-git-dir');
    await writeFile(
      join(admin, 'config.worktree'),
      `[core]\n\tworktree = /tmp\n\tfsmonitor = "${run('worktreeconfig')}"\n`,
    );
    const common = join(admin, '..', '..');
    await mkdir(join(common, 'info'), { recursive: true });
    await writeFile(join(common, 'info', 'attributes'), '* filter=evil diff=evil merge=evil\n');
    await writeFile(join(common, 'info', 'exclude'), '*\n');
    await writeFile(join(bench.path, '.gitattributes'), '* filter=evil diff=evil merge=evil\n');
    for (const folder of [join(room.root, 'hooks'), join(common, 'hooks')]) {
      await mkdir(folder, { recursive: true });
      for (const hook of [
        'pre-commit',
        'post-commit',
        'post-checkout',
        'pre-push',
        'reference-transaction',
        'post-index-change',
        'pre-auto-gc',
      ]) {
        await writeFile(join(folder, hook), `#!/bin/sh\ntouch ${join(marks, hook)}\n`, { mode: 0o755 });
      }
    }
    await writeFile(join(bench.path, 'a.txt'), 'work\n');
    await writeFile(join(bench.path, 'new.txt'), 'new\n');
    // What claude itself runs does not count.
    await rm(marks, { recursive: true });
    await mkdir(marks);

    const { oid = '' } = await bench.commit('m', NEVER);
    await bench.push(NEVER);
    const diff = await room.workspaces.diff({
      jobId: JOB,
      repoUrl: room.remote.url,
      base: bench.baseOid,
      head: oid,
    });
    assert.match(diff ?? '', /\+work\n/);
    await writeFile(join(bench.path, 'late.txt'), 'late\n');
    await bench.close();
    const next = await room.open({ jobId: 'next' });
    await next.close();
    assert.deepEqual(await readdir(marks), []);
    assert.equal(room.remote.tip(branchOf(JOB)), oid);
    assert.equal(room.remote.show(oid, 'new.txt'), 'new');
    assert.equal(room.remote.git('log', '-1', '--format=%an', oid), 'Agenticore');
    assert.equal(thief.tip(branchOf(JOB)), undefined);
  });

  it('in a submodule or a nested repository is not run either', async (t) => {
    const room = await openRoom(t);
    const library = createSampleRemote(room.root, 'library', { 'lib.c': '1' });
    const seed = join(room.root, 'seed');
    gitIn(room.root, 'clone', '-q', room.remote.path, seed);
    gitIn(seed, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.url, 'sub');
    gitIn(seed, 'commit', '-q', '-m', 'submodule');
    gitIn(seed, 'push', '-q', 'origin', 'main');
    const bench = await room.open();
    gitIn(bench.path, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init');
    await mkdir(join(bench.path, 'nested'));
    gitIn(join(bench.path, 'nested'), 'init', '-q');
    const mark = join(room.root, 'mark');
    for (const folder of ['sub', 'nested']) {
      const at = join(bench.path, folder);
      await writeFile(join(at, 'lib.c'), '2');
      await writeFile(join(at, '.gitattributes'), '* filter=evil\n');
      gitIn(at, 'config', 'filter.evil.clean', `touch ${mark}; cat`);
      gitIn(at, 'config', 'core.fsmonitor', `touch ${mark}; true`);
    }
    await writeFile(join(bench.path, 'own'), 'own');
    await bench.commit('m', NEVER);
    await bench.close();
    assert.ok(!(await readdir(room.root)).includes('mark'));
  });

  it('as refs that stand in for others does not change what is committed or pushed', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'x'), 'x');
    gitIn(bench.path, 'add', '.');
    gitIn(bench.path, 'commit', '-q', '-m', 'x');
    const head = gitIn(bench.path, 'rev-parse', 'HEAD');
    gitIn(bench.path, 'replace', head, bench.baseOid);
    gitIn(bench.path, 'symbolic-ref', `refs/agenticore/${JOB}/result`, 'refs/heads/elsewhere');
    assert.equal((await bench.commit('m', NEVER)).oid, head);
    await bench.push(NEVER);
    assert.equal(room.remote.show(branchOf(JOB), 'x'), 'x');
    await bench.close();
    assert.equal((await room.mirrorRefs()).has('refs/heads/elsewhere'), false);
  });
});

describe('an address', () => {
  it('that is not allowed never reaches git', async (t) => {
    const room = await openRoom(t);
    const strict = await openRoom(t, { allowedProtocols: ['https'] });
    const mark = join(room.root, 'mark');
    const attacks = [
      `ext::sh -c touch% ${mark}`,
      `ext::touch\t${mark}`,
      '--upload-pack=x',
      'fd::7',
      'https://u:p@example.com/x',
      'https://127.0.0.1/x',
      '-x:y',
    ];
    for (const repoUrl of attacks) {
      await assert.rejects(room.open({ repoUrl }), (error) => isCode(error, 'REPO_URL_REFUSED'), repoUrl);
    }
    for (const repoUrl of [strict.remote.url, strict.remote.path, 'ssh://git@example.com/x']) {
      await assert.rejects(strict.open({ repoUrl }), (error) => isCode(error, 'REPO_URL_REFUSED'), repoUrl);
      const query = { jobId: JOB, repoUrl, base: 'a'.repeat(40), head: 'b'.repeat(40) };
      await assert.rejects(strict.workspaces.diff(query), (error) => isCode(error, 'REPO_URL_REFUSED'));
    }
    assert.ok(!(await readdir(room.root)).includes('mark'));
  });

  it('of a repository that is not there says so', async (t) => {
    const room = await openRoom(t);
    await writeFile(join(room.root, 'file.git'), 'no repository');
    await mkdir(join(room.root, 'folder'));
    for (const name of ['nowhere.git', 'file.git', 'folder'])
      await assert.rejects(room.open({ repoUrl: join(room.root, name) }), {
        code: 'REPOSITORY_NOT_FOUND',
        message: /^There is no git repository at this address: /,
      });
  });

  it('of ssh goes through ssh without any prompt, and its refusal is one of credentials', async (t) => {
    const room = await openRoom(t);
    const bin = join(room.root, 'bin');
    await mkdir(bin);
    const calls = join(room.root, 'calls');
    const ssh = `#!/bin/sh\necho "$@" >> ${calls}\nfor last; do :; done\nPATH=${process.env.PATH}\nexec sh -c "$last"\n`;
    await writeFile(join(bin, 'ssh'), ssh, { mode: 0o755 });
    const over = await openRoom(t, {
      allowedProtocols: ['ssh'],
      env: { PATH: `${bin}:${process.env.PATH}` },
    });
    const bench = await over.open({ repoUrl: `git@git.example.com:${room.remote.path}` });
    assert.equal(bench.baseOid, room.remote.tip('main'));
    await bench.close();
    assert.match(await readFile(calls, 'utf8'), /-oBatchMode=yes .*git@git\.example\.com git-upload-pack/);
    await writeFile(
      join(bin, 'ssh'),
      '#!/bin/sh\necho "git@git.example.com: Permission denied (publickey)." >&2\nexit 255\n',
    );
    const refused = over.open({ repoUrl: `ssh://git@git.example.com${room.remote.path}` });
    await assert.rejects(refused, (error) => isCode(error, 'REPOSITORY_AUTH_FAILED'));
  });

  it('whose git is not installed says so', async (t) => {
    const room = await openRoom(t, { env: { PATH: '/nonexistent' } });
    await assert.rejects(
      room.open(),
      (error) => isCode(error, 'WORKSPACE_FAILED') && /git is not installed/.test(String(error)),
    );
  });
});
