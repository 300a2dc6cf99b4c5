// A job that destroys what it shares with others must not take the repository away from them for good.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gitIn } from '../../support/git-repository.js';
import { type BenchRoom, branchOf, NEVER, openRoom } from './bench-room.js';

describe('a mirror whose objects were destroyed', () => {
  it('is healed by the next job: refs to lost work are given up, the rest is fetched anew', async (t) => {
    const room = await openRoom(t);
    const kept = await room.open({ jobId: 'kept' });
    await writeFile(join(kept.path, 'a.txt'), 'only here\n');
    const { oid } = await kept.commit('only here', NEVER);
    await kept.close();
    const vandal = await room.open({ jobId: 'vandal' });
    const [key = ''] = (await readdir(room.reposRoot)).filter((name) => !name.startsWith('.'));
    await rm(join(room.reposRoot, key, 'mirror.git', 'objects'), { recursive: true });
    await vandal.close().catch(() => {});

    room.remote.commit({ 'c.txt': 'three\n' });
    const next = await room.open({ jobId: 'next' });
    assert.equal(next.baseOid, room.remote.tip('main'));
    assert.equal(await readFile(join(next.path, 'dir', 'b.txt'), 'utf8'), 'two\n');
    await writeFile(join(next.path, 'a.txt'), 'changed\n');
    const delivered = await next.commit('changed', NEVER);
    await next.push(NEVER);
    assert.equal(room.remote.tip(branchOf('next')), delivered.oid);
    await next.close();
    assert.ok(room.facts.includes('mirror.healed'));
    assert.ok(![...(await room.mirrorRefs()).values()].includes(oid ?? ''), 'no ref leads nowhere');
  });

  it('is healed also when only a part of them is gone, and no ref shows it', async (t) => {
    const room = await openRoom(t);
    const vandal = await room.open({ jobId: 'vandal' });
    const tree = (await room.mirrorGit('rev-parse', 'refs/remotes/origin/main^{tree}')).trim();
    const [key = ''] = (await readdir(room.reposRoot)).filter((name) => !name.startsWith('.'));
    const objects = join(room.reposRoot, key, 'mirror.git', 'objects');
    for (const pack of await packsOf(join(objects, '..'))) {
      const bytes = await readFile(pack);
      for (const kind of ['pack', 'idx']) await rm(pack.replace(/pack$/, kind));
      execFileSync('git', ['unpack-objects', '-q'], { cwd: join(objects, '..'), input: bytes });
    }
    await rm(join(objects, tree.slice(0, 2), tree.slice(2)));
    await vandal.close().catch(() => {});
    const next = await room.open({ jobId: 'next' });
    assert.equal(await readFile(join(next.path, 'a.txt'), 'utf8'), 'one\n');
    await next.close();
  });
});

/** The folder of the room's one mirror. */
async function mirrorOf({ reposRoot }: BenchRoom): Promise<string> {
  const [key = ''] = (await readdir(reposRoot)).filter((name) => !name.startsWith('.'));
  return join(reposRoot, key, 'mirror.git');
}

async function packsOf(mirror: string): Promise<readonly string[]> {
  const folder = join(mirror, 'objects', 'pack');
  return (await readdir(folder)).filter((name) => name.endsWith('.pack')).map((name) => join(folder, name));
}

/** What a full disk, a power cut or a job does to a mirror. */
const DAMAGES: Readonly<Record<string, (mirror: string) => Promise<unknown>>> = {
  'a pack was cut': async (mirror) => {
    for (const pack of await packsOf(mirror)) {
      await chmod(pack, 0o600);
      await truncate(pack, 100);
    }
  },
  'a pack is empty': async (mirror) => {
    for (const pack of await packsOf(mirror)) {
      await chmod(pack, 0o600);
      await truncate(pack, 0);
    }
  },
  'the index of a pack is gone': async (mirror) => {
    for (const pack of await packsOf(mirror)) await rm(pack.replace(/pack$/, 'idx'));
  },
  'a ref of the remote is empty': (mirror) => writeRef(mirror, 'remotes/origin/main', ''),
  'a ref of a job is empty': (mirror) => writeRef(mirror, 'agenticore/other/result', ''),
  'a ref is garbage': (mirror) => writeRef(mirror, 'remotes/origin/other', 'garbage\n'),
  'packed-refs has a strange line': (mirror) => appendFile(join(mirror, 'packed-refs'), 'garbage\n'),
  'packed-refs was cut': (mirror) => truncate(join(mirror, 'packed-refs'), 80),
  'shallow is garbage': (mirror) => writeFile(join(mirror, 'shallow'), 'garbage\n'),
  'HEAD is garbage': (mirror) => writeFile(join(mirror, 'HEAD'), 'garbage\n'),
  'the clone was half made': async (mirror) => {
    await rm(join(mirror, 'HEAD'));
    await rm(join(mirror, 'packed-refs'));
    await rm(join(mirror, 'refs'), { recursive: true });
    await writeFile(join(mirror, 'objects', 'pack', 'tmp_pack_x'), 'half');
  },
};

async function writeRef(mirror: string, name: string, text: string): Promise<void> {
  await mkdir(join(mirror, 'refs', name, '..'), { recursive: true });
  await writeFile(join(mirror, 'refs', name), text);
}

describe('a damaged mirror is mended by the next job', () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    it(`when ${what}`, async (t) => {
      const room = await openRoom(t);
      const first = await room.open({ jobId: 'first' });
      await first.close();
      const mirror = await mirrorOf(room);
      gitIn(mirror, 'repack', '-a', '-d', '-q'); // a single pack, without which nothing goes
      await damage(mirror);
      const tip = room.remote.commit({ 'c.txt': 'three\n' });
      const next = await room.open({ jobId: 'next' });
      assert.equal(next.baseOid, tip);
      assert.equal(gitIn(next.path, 'status', '--porcelain'), '');
      assert.equal(await readFile(join(next.path, 'a.txt'), 'utf8'), 'one\n');
      gitIn(mirror, 'fsck', '--connectivity-only');
      await next.close();
      assert.deepEqual(await room.leftovers(), []);
    });
  }

  it('the work of other jobs is carried over, kept or still open, where it is whole', async (t) => {
    const room = await openRoom(t);
    const kept = await room.open({ jobId: 'kept' });
    await writeFile(join(kept.path, 'a.txt'), 'only here\n');
    const { oid = '' } = await kept.commit('only here', NEVER);
    await kept.close();
    const mirror = await mirrorOf(room);
    gitIn(mirror, 'repack', '-a', '-d', '-q');
    const open = await room.open({ jobId: 'open' });
    await writeFile(join(open.path, 'b.txt'), 'staged\n');
    gitIn(open.path, 'add', 'b.txt');
    await appendFile(join(mirror, 'packed-refs'), 'garbage\n');

    const next = await room.open({ jobId: 'next' });
    assert.ok(room.facts.includes('mirror.healed'));
    assert.equal(await room.mirrorGit('show', `${oid}:a.txt`), 'only here');
    assert.equal((await room.mirrorRefs()).get('refs/agenticore/kept/result'), oid);
    const work = await open.commit('work', NEVER);
    assert.equal(await room.mirrorGit('show', `${work.oid}:b.txt`), 'staged');
    await Promise.all([next.close(), open.close()]);
    assert.deepEqual(await room.leftovers(), []);
  });

  it('but not while the remote is away: then it stays as it is', async (t) => {
    const room = await openRoom(t);
    await (await room.open({ jobId: 'first' })).close();
    const mirror = await mirrorOf(room);
    await appendFile(join(mirror, 'packed-refs'), 'garbage\n');
    const away = `${room.remote.path}-away`;
    await rename(room.remote.path, away);
    await assert.rejects(room.open({ jobId: 'next' }));
    await rename(away, room.remote.path);
    const next = await room.open({ jobId: 'next' });
    await next.close();
    assert.deepEqual(await room.leftovers(), []);
  });
});
