// The cache as a whole: what ended jobs have left in it goes in time, and it stays within its bounds.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSampleRemote, gitIn } from '../../support/git-repository.js';
import { type BenchRoom, NEVER, openRoom } from './bench-room.js';

const everybody = async (): Promise<boolean> => true;
const nobody = async (): Promise<boolean> => false;

/** Does a job that commits one file; its commit. */
async function work(room: BenchRoom, jobId: string, repoUrl = room.remote.url): Promise<string> {
  const bench = await room.open({ jobId, repoUrl });
  await writeFile(join(bench.path, 'work'), jobId);
  const { oid = '' } = await bench.commit(jobId, NEVER);
  await bench.close();
  return oid;
}

/** The folders of the mirrors that are there. */
async function mirrors({ reposRoot }: BenchRoom): Promise<readonly string[]> {
  const keys = (await readdir(reposRoot)).filter((name) => /^[0-9a-f]{12}$/.test(name));
  return keys.map((key) => join(reposRoot, key)).filter((path) => existsSync(join(path, 'mirror.git')));
}

/** Makes it long ago that a mirror was used. */
async function age(mirror: string, hours: number): Promise<void> {
  const then = new Date(Date.now() - hours * 3_600_000);
  await utimes(join(mirror, 'used'), then, then);
}

describe('tending the cache', () => {
  it('forgets the work of jobs that nobody knows, and no other', async (t) => {
    const room = await openRoom(t, { keepMs: 0 });
    const [known, unknown] = [await work(room, 'known'), await work(room, 'unknown')];
    await room.workspaces.tend(async (jobId) => jobId === 'known', NEVER);
    const oids = [...(await room.mirrorRefs()).values()];
    assert.ok(oids.includes(known));
    assert.ok(!oids.includes(unknown));
  });

  it('keeps all of it for a while even so', async (t) => {
    const room = await openRoom(t);
    const oid = await work(room, 'job');
    await room.workspaces.tend(nobody, NEVER);
    assert.ok([...(await room.mirrorRefs()).values()].includes(oid));
  });

  it('takes what claude has left besides, once nobody works there', async (t) => {
    const room = await openRoom(t, { keepMs: 0 });
    const bench = await room.open();
    gitIn(bench.path, 'branch', 'mine');
    const [mirror = ''] = await mirrors(room);
    await age(mirror, 48);
    await room.workspaces.tend(nobody, NEVER);
    assert.ok((await room.mirrorRefs()).has('refs/heads/mine'), 'its worktree is open');
    await bench.close();
    await room.workspaces.tend(nobody, NEVER);
    assert.ok(!(await room.mirrorRefs()).has('refs/heads/mine'));
    await (await room.open({ jobId: 'next' })).close();
  });

  it('packs thousands of small files into a few, also while somebody works there', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    for (let n = 0; n < 2_100; n += 1) await writeFile(join(bench.path, `f${n}`), String(n));
    const { oid } = await bench.commit('many', NEVER);
    await writeFile(join(bench.path, 'staged'), 'staged');
    gitIn(bench.path, 'add', 'staged');
    await room.workspaces.tend(everybody, NEVER);
    const count = await room.mirrorGit('count-objects', '-v');
    assert.match(count, /^count: \d{1,2}$/m);
    await bench.commit('more', NEVER);
    assert.equal(await room.mirrorGit('show', `${oid}:f2000`), '2000');
    await bench.close();
    await room.mirrorGit('fsck', '--connectivity-only');
  });
});

describe('a cache that is too large', () => {
  it('loses what was used longest ago, until the rest fits', async (t) => {
    const room = await openRoom(t, { keepMs: 0, cacheMaxBytes: 60_000 });
    for (const name of ['a', 'b', 'c']) {
      const { url } = createSampleRemote(room.root, name, { big: noise(25_000) });
      await (await room.open({ jobId: name, repoUrl: url })).close();
    }
    const before = await mirrors(room);
    const [oldest = ''] = before.slice(1);
    for (const mirror of before) await age(mirror, mirror === oldest ? 48 : 24);
    await room.workspaces.tend(everybody, NEVER);
    const left = await mirrors(room);
    assert.deepEqual(
      left,
      before.filter((path) => path !== oldest),
    );
    assert.ok(room.facts.includes('cache.evicted'));
    for (const name of ['a', 'b', 'c'])
      await (
        await room.open({ jobId: `${name}2`, repoUrl: `file://${join(room.root, `${name}.git`)}` })
      ).close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('keeps what is in use, what was used just now, and what holds the work of a known job', async (t) => {
    const room = await openRoom(t, { keepMs: 0, cacheMaxBytes: 0 });
    await work(room, 'known');
    const [holding = ''] = await mirrors(room);
    const inUse = createSampleRemote(room.root, 'in-use', { f: 'f' });
    const bench = await room.open({ jobId: 'open', repoUrl: inUse.url });
    for (const mirror of await mirrors(room)) await age(mirror, 48);
    const fresh = createSampleRemote(room.root, 'fresh', { f: 'f' });
    await (await room.open({ jobId: 'fresh', repoUrl: fresh.url })).close();
    await room.workspaces.tend(everybody, NEVER);
    assert.equal((await mirrors(room)).length, 3);
    assert.ok(room.facts.includes('cache.too_large'), 'and says that it is too large');

    await bench.close();
    for (const mirror of await mirrors(room)) await age(mirror, 48);
    await room.workspaces.tend(everybody, NEVER);
    assert.deepEqual(await mirrors(room), [holding]);
    await room.workspaces.tend(nobody, NEVER);
    assert.deepEqual(await mirrors(room), []);
  });

  it('skips a mirror that cannot be read, and tends the others', async (t) => {
    const room = await openRoom(t, { keepMs: 0 });
    await work(room, 'one');
    const [broken = ''] = await mirrors(room);
    const other = createSampleRemote(room.root, 'other', { f: 'f' });
    await work(room, 'two', other.url);
    await appendFile(join(broken, 'mirror.git', 'packed-refs'), 'garbage\n');
    await room.workspaces.tend(nobody, NEVER);
    assert.ok(room.facts.includes('cache.mirror_skipped'));
    assert.ok(room.facts.includes('cache.forgotten'));
  });
});

/** Text that does not pack. */
const noise = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
