// A job that destroys what it shares with others must not take the repository away from them for good.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { branchOf, NEVER, openRoom } from './bench-room.js';

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
    await rm(join(objects, tree.slice(0, 2), tree.slice(2)));
    await vandal.close().catch(() => {});
    const next = await room.open({ jobId: 'next' });
    assert.equal(await readFile(join(next.path, 'a.txt'), 'utf8'), 'one\n');
    await next.close();
  });
});
