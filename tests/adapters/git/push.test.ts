import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import type { Workspace } from '../../../src/ports/workspace.js';
import { type BenchRoom, branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const BRANCH = branchOf(JOB);

async function work(bench: Workspace, name: string): Promise<string> {
  await writeFile(join(bench.path, name), name);
  const { oid } = await bench.commit(`Add ${name}`, NEVER);
  assert.ok(oid);
  return oid;
}

const refused = (words: RegExp) => (error: unknown) =>
  isCode(error, 'PUSH_REFUSED') && words.test(String(error));

/** An installation of its own on the same remote: another host, with another mirror. */
const otherHost = (t: Parameters<typeof openRoom>[0], room: BenchRoom) =>
  openRoom(t).then((other) => ({
    ...other,
    open: (order = {}) => other.open({ repoUrl: room.remote.url, ...order }),
  }));

describe('pushing the work', () => {
  it('puts the commit on the branch of the job, and can be repeated', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const oid = await work(bench, 'x');
    await bench.push(NEVER);
    await bench.push(NEVER);
    assert.equal(room.remote.tip(BRANCH), oid);
    const next = await work(bench, 'y');
    await bench.push(NEVER);
    assert.equal(room.remote.tip(BRANCH), next);
    await bench.close();
    assert.deepEqual(
      room.remote.git('for-each-ref', '--format=%(refname)').split('\n').sort(),
      [`refs/heads/${BRANCH}`, 'refs/heads/main'],
      'and nothing else',
    );
  });

  it('replaces what an earlier attempt of the job pushed', async (t) => {
    const room = await openRoom(t);
    const first = await room.open();
    await work(first, 'x');
    await first.push(NEVER);
    await first.close();
    const second = await room.open();
    const oid = await work(second, 'y');
    await second.push(NEVER);
    assert.equal(room.remote.tip(BRANCH), oid);
    await second.close();
  });

  it('replaces what an attempt on another host pushed only when the ledger knows that commit', async (t) => {
    const room = await openRoom(t);
    const first = await room.open();
    const theirs = await work(first, 'x');
    await first.push(NEVER);
    await first.close();
    const elsewhere = await otherHost(t, room);
    const unaware = await elsewhere.open();
    await work(unaware, 'y');
    await assert.rejects(unaware.push(NEVER), refused(/somebody else/));
    await unaware.close();
    for (const order of [{ ownCommits: [theirs] }, { resumeFrom: theirs }]) {
      room.remote.git('update-ref', `refs/heads/${BRANCH}`, theirs);
      const aware = await elsewhere.open(order);
      const oid = await work(aware, `z${Object.keys(order)[0]}`);
      await aware.push(NEVER);
      assert.equal(room.remote.tip(BRANCH), oid);
      await aware.close();
    }
  });

  it("never overwrites somebody else's commit, made before or after the workspace was opened", async (t) => {
    const room = await openRoom(t);
    const late = await room.open();
    await work(late, 'x');
    const theirs = room.remote.commit({ 'theirs.txt': 't' }, { branch: BRANCH, from: 'main' });
    await assert.rejects(
      late.push(NEVER),
      refused(
        new RegExp(`${BRANCH} on the remote has a commit of somebody else \\(${theirs.slice(0, 12)}\\)`),
      ),
    );
    await late.close();
    const early = await room.open();
    await work(early, 'y');
    await assert.rejects(early.push(NEVER), refused(/somebody else/));
    await early.close();
    assert.equal(room.remote.tip(BRANCH), theirs);
  });

  it('goes on top of a commit of somebody else that it contains', async (t) => {
    const room = await openRoom(t);
    const theirs = room.remote.commit({ 'theirs.txt': 't' }, { branch: BRANCH, from: 'main' });
    const bench = await room.open({ baseRef: BRANCH });
    const oid = await work(bench, 'x');
    await bench.push(NEVER);
    assert.equal(room.remote.tip(BRANCH), oid);
    assert.equal(room.remote.tip(`${BRANCH}^`), theirs);
    await bench.close();
  });

  it('pushes anew when its branch was deleted meanwhile', async (t) => {
    const room = await openRoom(t);
    const first = await room.open();
    await work(first, 'x');
    await first.push(NEVER);
    await first.close();
    const second = await room.open();
    const oid = await work(second, 'y');
    room.remote.git('branch', '-D', BRANCH);
    await second.push(NEVER);
    assert.equal(room.remote.tip(BRANCH), oid);
    await second.close();
  });

  it('lets one of two rivals win, and tells the other', async (t) => {
    const room = await openRoom(t);
    const elsewhere = await otherHost(t, room);
    const benches = [await room.open(), await elsewhere.open()] as const;
    const oids = [await work(benches[0], 'x'), await work(benches[1], 'y')];
    const results = await Promise.allSettled(benches.map((bench) => bench.push(NEVER)));
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal(room.remote.tip(BRANCH), oids[winner]);
    const loser = results[1 - winner];
    assert.ok(loser?.status === 'rejected' && refused(/somebody else/)(loser.reason));
    await Promise.all(benches.map((bench) => bench.close()));
  });

  it("repeats the remote's reason, without secrets", async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await work(bench, 'x');
    const hook =
      '#!/bin/sh\necho "GH006: Protected branch: see https://user:hunter2@example.com/x ghp_abcdefghijklmnop" >&2\nexit 1\n';
    await writeFile(join(room.remote.path, 'hooks', 'pre-receive'), hook, { mode: 0o755 });
    await assert.rejects(bench.push(NEVER), (error) => {
      assert.ok(
        refused(/branch protection .* \(pre-receive hook declined\): GH006: Protected branch/)(error),
        String(error),
      );
      assert.doesNotMatch(String(error), /hunter2|abcdefgh/);
      return true;
    });
    await bench.close();
  });

  it('says that the remote is gone', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await work(bench, 'x');
    room.remote.git('config', 'core.repositoryformatversion', '99');
    await assert.rejects(
      bench.push(NEVER),
      (error) => isCode(error, 'REPOSITORY_UNREACHABLE') || isCode(error, 'REPOSITORY_NOT_FOUND'),
    );
    await bench.close();
  });
});

describe('the difference between two commits', () => {
  it('is there after the worktree is gone, and on a host that has to fetch it', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await writeFile(join(bench.path, 'a.txt'), 'uno\n');
    const { oid = '' } = await bench.commit('m', NEVER);
    await bench.push(NEVER);
    await bench.close();
    const query = { jobId: JOB, repoUrl: room.remote.url, base: bench.baseOid, head: oid };
    const diff = await room.workspaces.diff(query);
    assert.match(diff ?? '', /^diff --git a\/a\.txt b\/a\.txt\n[\s\S]*\n-one\n\+uno\n$/);
    const elsewhere = await openRoom(t);
    assert.equal(await elsewhere.workspaces.diff(query), diff);
    assert.equal(await room.workspaces.diff({ ...query, head: 'f'.repeat(40) }), undefined);
    for (const head of ['main', '--output=/tmp/x', `${oid}^`, ''])
      assert.equal(await room.workspaces.diff({ ...query, head }), undefined);
  });

  it('is cut with a word when it is huge', async (t) => {
    const room = await openRoom(t);
    const base = room.remote.tip('main') ?? '';
    const head = room.remote.commit({ 'big.txt': `${'0123456789'.repeat(10)}\n`.repeat(250_000) });
    const bench = await room.open();
    const diff = (await room.workspaces.diff({ jobId: JOB, repoUrl: room.remote.url, base, head })) ?? '';
    assert.ok(diff.length < 21 * 1024 * 1024);
    assert.match(diff.slice(-100), /\n\[The diff is larger than 20971520 bytes; the rest is left out\.\]\n$/);
    await bench.close();
  });

  it('runs no program that the repository names', async (t) => {
    const room = await openRoom(t);
    const base = room.remote.tip('main') ?? '';
    const head = room.remote.commit({ '.gitattributes': '*.txt diff=evil\n', 'a.txt': 'changed\n' });
    const bench = await room.open();
    assert.match(
      (await room.workspaces.diff({ jobId: JOB, repoUrl: room.remote.url, base, head })) ?? '',
      /\+changed/,
    );
    assert.equal(await readFile(join(bench.path, 'a.txt'), 'utf8'), 'changed\n');
    await bench.close();
  });
});
