// The disk of the repositories is full: every step says so under one code, nothing of the work is lost, and what could
// not be cleared is cleared when there is room.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, statfs, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Bench, holderOf } from '../../../src/adapters/git/bench.js';
import { localFailure, remoteFailure } from '../../../src/adapters/git/failure.js';
import { OWN_IDENTITY, type ProcessIdentity } from '../../../src/adapters/git/process-identity.js';
import { isCode } from '../../../src/domain/errors.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { mountSmallDisk, needsSmallDisk } from '../../support/small-disk.js';
import { branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const isFull = (error: unknown): boolean =>
  isCode(error, 'DISK_FULL') && /Make room there/.test(String(error));

async function roomOnSmallDisk(t: TestContext) {
  const disk = mountSmallDisk();
  t.after(() => disk.remove());
  const room = await openRoom(t, { reposRoot: join(disk.path, 'repos') });
  return { disk, ...room };
}

describe('what git says of a full disk', () => {
  const said = (stderr: string) => ({
    ...{ exitCode: 128, timedOut: false, cut: false, stdout: Buffer.alloc(0), stderr },
  });

  it('has a code of its own, here and at the remote', () => {
    for (const stderr of [
      'error: unable to write loose object file: No space left on device\n',
      'fatal: write error: Disk quota exceeded\n',
    ]) {
      assert.ok(isFull(localFailure('commit', said(stderr))), stderr);
      assert.ok(isFull(remoteFailure(said(stderr))), stderr);
    }
    assert.ok(isCode(localFailure('commit', said('fatal: bad object\n')), 'WORKSPACE_FAILED'));
  });

  it('is not said of the disk of whoever answers us', () => {
    const stderr =
      'Progress\rremote: fatal: write error: No space left on device\nfatal: the remote end hung up\n';
    assert.ok(isCode(remoteFailure(said(stderr)), 'REPOSITORY_UNREACHABLE'));
  });
});

describe('a worktree that this process could not clear', () => {
  it("is gone from its hands, and from nobody else's", () => {
    const path = '/worktrees/job-1';
    const letGo = new Set([path]);
    const heldBy = (owner: Partial<ProcessIdentity>) =>
      holderOf({ path, owner: { ...OWN_IDENTITY, ...owner } } as Bench, letGo);
    assert.equal(heldBy({}), 'gone');
    assert.equal(heldBy({ host: 'elsewhere' }), 'unknown');
  });
});

describe('a full disk of repositories', needsSmallDisk, () => {
  it('refuses to open a workspace, and opens one when there is room', async (t) => {
    const { disk, open } = await roomOnSmallDisk(t);
    disk.fill();
    await assert.rejects(open(), isFull);
    disk.free();
    const workspace = await open();
    assert.ok(existsSync(join(workspace.path, 'a.txt')));
    await workspace.close();
  });

  it('refuses to commit, and commits the same work when there is room', async (t) => {
    const { disk, open, mirrorGit } = await roomOnSmallDisk(t);
    const workspace = await open();
    await writeFile(join(workspace.path, 'new.txt'), 'work '.repeat(2000));
    disk.fill();
    for (let tries = 0; tries < 3; tries += 1)
      await assert.rejects(workspace.commit('The work', NEVER), isFull);
    disk.free();
    const { oid, leftUncommitted } = await workspace.commit('The work', NEVER);
    assert.ok(oid !== undefined && leftUncommitted);
    await workspace.push(NEVER);
    assert.equal(await mirrorGit('show', `${oid}:new.txt`), 'work '.repeat(2000));
    await workspace.close();
  });

  it('keeps a worktree whose work it cannot keep, and a later sweep of the same process clears it', async (t) => {
    const { disk, open, workspaces, leftovers, mirrorRefs, facts } = await roomOnSmallDisk(t);
    const workspace = await open();
    await writeFile(join(workspace.path, 'new.txt'), 'work '.repeat(2000));
    disk.fill();
    await workspace.close();
    assert.ok(facts.includes('workspace.left_in_place'));
    assert.ok(existsSync(join(workspace.path, 'new.txt')));
    await workspaces.sweep(async () => false);
    assert.ok(existsSync(join(workspace.path, 'new.txt')), 'still no room');
    disk.free();
    await workspaces.sweep(async () => false);
    assert.deepEqual(await leftovers(), []);
    const kept = [...(await mirrorRefs()).keys()].filter((name) => name.includes(JOB));
    assert.equal(kept.length, 1, kept.join());
  });

  it('lets the next attempt go on in a worktree that was let go of while nothing could be written', async (t) => {
    const { disk, open } = await roomOnSmallDisk(t);
    const first = await open();
    await writeFile(join(first.path, 'new.txt'), 'half of it');
    disk.fill();
    await assert.rejects(first.keep());
    disk.free();
    const second = await open({ attempt: 2, goOnFrom: 1, branch: branchOf(JOB) });
    assert.deepEqual([second.kept, second.path], [true, first.path]);
    await second.close();
  });
});

describe('a repository that is larger than the room there is', needsSmallDisk, () => {
  /** Nothing of these can be made smaller. */
  const files = (count: number, bytes: number): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, nth) => [`large-${nth}`, randomBytes(bytes).toString('base64')]),
    );
  const TOO_MUCH = [
    ['in few files', files(4, 6_000_000)],
    ['in many files', files(150, 160_000)],
  ] as const;

  async function roomOf16(t: TestContext) {
    const disk = mountSmallDisk('16m');
    t.after(() => disk.remove());
    const room = await openRoom(t, { reposRoot: join(disk.path, 'repos') });
    const free = async (): Promise<number> => {
      const { bavail, bsize } = await statfs(disk.path);
      return Math.floor((bavail * bsize) / 1024 / 1024);
    };
    const doesNotFit = async (error: unknown): Promise<void> => {
      const said = `This repository takes more than the ${await free()} MiB that are free for it.`;
      assert.ok(isFull(error) && String(error).endsWith(said), `${error}, not ${said}`);
    };
    return { ...room, free, doesNotFit };
  }

  for (const [how, large] of TOO_MUCH) {
    it(`leaves that room to others when it is new, ${how}`, async (t) => {
      const { root, open, free, doesNotFit, leftovers } = await roomOf16(t);
      const { url: repoUrl } = createSampleRemote(root, 'large', large);
      await doesNotFit(await open({ repoUrl }).catch((error: unknown) => error));
      assert.ok((await free()) >= 14, `${await free()}`);
      const workspace = await open({ jobId: 'of-another' });
      assert.ok(existsSync(join(workspace.path, 'a.txt')));
      await workspace.close();
      assert.deepEqual(await leftovers(), []);
    });

    it(`leaves that room to others when it has grown, ${how}, and what was there stays`, async (t) => {
      const { remote, open, free, doesNotFit, mirrorGit } = await roomOf16(t);
      const workspace = await open({ jobId: 'of-before' });
      await writeFile(join(workspace.path, 'new.txt'), 'work');
      const { oid } = await workspace.commit('The work', NEVER);
      await workspace.close();
      remote.commit(large);
      await doesNotFit(await open().catch((error: unknown) => error));
      assert.ok((await free()) >= 14, `${await free()}`);
      assert.equal(await mirrorGit('show', `${oid}:new.txt`), 'work');
      await mirrorGit('fsck', '--connectivity-only');
    });
  }

  it('is told as that of a commit that is on no branch, too', async (t) => {
    const { remote, open, free, doesNotFit } = await roomOf16(t);
    await (await open({ jobId: 'of-before' })).close();
    const oid = remote.commit(TOO_MUCH[0][1], { branch: 'gone' });
    remote.git('update-ref', 'refs/pull/1/head', oid);
    remote.git('branch', '-D', 'gone');
    await doesNotFit(await open({ baseRef: oid }).catch((error: unknown) => error));
    assert.ok((await free()) >= 14, `${await free()}`);
  });

  it('has nothing taken away while others work in it', async (t) => {
    const { remote, open, doesNotFit, reposRoot, workspaces } = await roomOf16(t);
    const workspace = await open({ jobId: 'at-work' });
    remote.commit(TOO_MUCH[1][1]);
    await doesNotFit(await open().catch((error: unknown) => error));
    const packs = async (): Promise<readonly string[]> =>
      (await readdir(reposRoot, { recursive: true })).filter((name) =>
        name.includes('mirror.git/objects/pack/tmp_pack'),
      );
    const [left = '', ...others] = await packs();
    assert.deepEqual([/tmp_pack/.test(left), others], [true, []]);
    await workspaces.tend(async () => true, NEVER);
    assert.deepEqual(await packs(), [left], 'somebody may be writing it');
    const then = new Date(Date.now() - 3 * 3_600_000);
    await utimes(join(reposRoot, left), then, then);
    await workspaces.tend(async () => true, NEVER);
    assert.deepEqual(await packs(), []);
    await workspace.close();
  });
});
