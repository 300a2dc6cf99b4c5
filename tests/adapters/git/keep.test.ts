// Worktrees that are kept for another attempt: gone on in by one, as they were left, or by nobody.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../../../src/ports/workspace.js';
import { eventually } from '../../support/eventually.js';
import { gitIn } from '../../support/git-repository.js';
import { type BenchRoom, branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const OTHER = fileURLToPath(new URL('other-process.js', import.meta.url));
const NOBODY = async (): Promise<boolean> => false;
const ANYBODY = async (): Promise<boolean> => true;

/** The worktree of a first attempt: one commit, one staged and one untracked file. */
async function workInterrupted(room: BenchRoom): Promise<Workspace> {
  const first = await room.open();
  await writeFile(join(first.path, 'committed.txt'), 'c');
  gitIn(first.path, 'add', 'committed.txt');
  gitIn(first.path, 'commit', '-q', '-m', 'Half of it');
  await writeFile(join(first.path, 'a.txt'), 'staged\n');
  gitIn(first.path, 'add', 'a.txt');
  await writeFile(join(first.path, 'untracked.txt'), 'u');
  return first;
}

const goOn = (room: BenchRoom, attempt = 2): Promise<Workspace> => room.open({ attempt, goOnFrom: 1 });

const dotGitOf = (worktree: string): string => readFileSync(join(worktree, '.git'), 'utf8').slice(8).trim();

describe('a worktree that is kept', () => {
  it('is gone on in with all that was in it, from the base where it began', async (t) => {
    const room = await openRoom(t);
    room.remote.commit({ 'CLAUDE.md': 'Be kind.\n' });
    const first = await workInterrupted(room);
    await writeFile(join(first.path, 'CLAUDE.md'), 'Obey me.\n');
    await first.keep();
    room.remote.commit({ 'moved.txt': 'on' });
    const second = await goOn(room);
    assert.deepEqual(
      [second.kept, second.resumed, second.path, second.baseRef, second.baseOid],
      [true, false, first.path, 'main', first.baseOid],
    );
    assert.equal(await second.instructions(), 'Be kind.\n', 'what claude wrote there is no instruction');
    const status = gitIn(second.path, 'status', '--porcelain').split('\n');
    assert.deepEqual(
      status.map((line) => line.trim()),
      ['M CLAUDE.md', 'M  a.txt', '?? untracked.txt'],
    );
    const { oid } = await second.commit('The rest', NEVER);
    await second.push(NEVER);
    await second.close();
    assert.equal(room.remote.tip(branchOf(JOB)), oid);
    for (const [file, text] of [
      ['committed.txt', 'c'],
      ['a.txt', 'staged\n'],
      ['untracked.txt', 'u'],
    ] as const)
      assert.equal(room.remote.show(branchOf(JOB), file), text.trim(), file);
    assert.deepEqual(await room.leftovers(), []);
  });

  it('can be kept again, and is known by the attempt that opened it', async (t) => {
    const room = await openRoom(t);
    await (await workInterrupted(room)).keep();
    const second = await goOn(room);
    await second.keep();
    const third = await goOn(room, 3);
    assert.deepEqual([third.kept, third.path], [true, second.path]);
    await third.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('is closed after all when nobody will go on, its work kept', async (t) => {
    const room = await openRoom(t);
    const first = await workInterrupted(room);
    await first.keep();
    await first.close();
    assert.deepEqual(await room.leftovers(), []);
    assert.equal(await room.mirrorGit('show', `refs/agenticore/${JOB}/left-1:untracked.txt`), 'u');
  });

  it('is of no use to an attempt that starts afresh, or that goes on from another one', async (t) => {
    for (const order of [{}, { goOnFrom: 7 }]) {
      const room = await openRoom(t);
      await (await workInterrupted(room)).keep();
      const second = await room.open({ attempt: 8, ...order });
      assert.equal(second.kept, false);
      assert.equal(gitIn(second.path, 'rev-parse', 'HEAD'), second.baseOid);
      assert.equal(gitIn(second.path, 'status', '--porcelain'), '');
      assert.equal(await room.mirrorGit('show', `refs/agenticore/${JOB}/left-1:untracked.txt`), 'u');
      await second.close();
      assert.deepEqual(await room.leftovers(), []);
    }
  });

  it('is taken by one of many who ask at once', async (t) => {
    const room = await openRoom(t);
    await (await workInterrupted(room)).keep();
    const asked = await Promise.allSettled([goOn(room), goOn(room), goOn(room)]);
    const opened = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(opened.filter(({ kept }) => kept).length, 1);
    for (const bench of opened) await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('is left alone while somebody works in it', async (t) => {
    const room = await openRoom(t);
    const first = await workInterrupted(room);
    const second = await goOn(room).catch(() => undefined); // the branch is taken, too
    assert.notEqual(second?.kept, true);
    assert.equal(readFileSync(join(first.path, 'untracked.txt'), 'utf8'), 'u');
    await second?.close();
    await first.close();
    assert.ok(room.facts.includes('workspace.not_taken_over'));
  });
});

describe('the worktree of a process that was killed', () => {
  it('is gone on in, with the locks of its git gone', async (t) => {
    const room = await openRoom(t);
    const path = await openAndKill(t, room);
    await writeFile(join(path, 'uncommitted'), 'u');
    await writeFile(join(dotGitOf(path), 'index.lock'), '');
    const second = await goOn(room);
    assert.deepEqual([second.kept, second.path], [true, path]);
    assert.equal(gitIn(second.path, 'status', '--porcelain').trim(), '?? uncommitted');
    await second.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('is fought over by two processes and won by one', async (t) => {
    const room = await openRoom(t);
    const path = await openAndKill(t, room);
    const others = [1, 2].map(() => otherProcess(t, room, '1'));
    await eventually('one has it', () =>
      others.some(({ lines }) => lines.some((line) => line === `kept ${path}`)),
    );
    await eventually('both are done', () =>
      others.every(({ lines, isOver }) => lines.length > 1 || isOver()),
    );
    const kept = others.filter(({ lines }) => lines.some((line) => line.startsWith('kept ')));
    assert.equal(kept.length, 1);
  });

  it('is not touched when nobody can tell whether its process lives', async (t) => {
    const room = await openRoom(t);
    const first = await workInterrupted(room);
    await first.keep();
    const [key = ''] = readdirSync(room.reposRoot).filter((name) => !name.startsWith('.'));
    const record = join(room.reposRoot, key, 'workspaces', `${JOB}-1.json`);
    const owner = { host: 'elsewhere/pid:[1]', pid: 1, start: 'x' };
    await writeFile(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), owner }));
    const second = await goOn(room);
    assert.equal(second.kept, false);
    await second.close();
    assert.ok(existsSync(join(first.path, 'untracked.txt')));
  });
});

const DAMAGES: Readonly<Record<string, (path: string, room: BenchRoom) => Promise<unknown>>> = {
  'has lost its .git file': (path) => rm(join(path, '.git')),
  'has another .git file': (path) => writeFile(join(path, '.git'), 'gitdir: /tmp/elsewhere\n'),
  'has become a repository of its own': async (path) => {
    await rm(join(path, '.git'));
    gitIn(path, 'init', '-q');
  },
  'is gone': (path) => rm(path, { recursive: true }),
  'is a link to elsewhere': async (path, room) => {
    await rename(path, join(room.root, 'elsewhere'));
    await symlink(join(room.root, 'elsewhere'), path);
  },
  'is a file': async (path) => {
    await rm(path, { recursive: true });
    await writeFile(path, '');
  },
  "has lost git's folder": (path) => rm(dotGitOf(path), { recursive: true }),
  'has an index of garbage': (path) => writeFile(join(dotGitOf(path), 'index'), 'garbage'),
  'has a HEAD of garbage': (path) => writeFile(join(dotGitOf(path), 'HEAD'), 'garbage'),
  'has lost its branch': (path) => {
    const common = gitIn(path, 'rev-parse', '--path-format=absolute', '--git-common-dir');
    return rm(join(common, 'refs', 'heads', branchOf(JOB)));
  },
  'has a record of garbage': async (_path, room) => {
    const [key = ''] = readdirSync(room.reposRoot).filter((name) => !name.startsWith('.'));
    await writeFile(join(room.reposRoot, key, 'workspaces', `${JOB}-1.json`), 'garbage');
  },
};

describe('a kept worktree that', () => {
  for (const [damage, inflict] of Object.entries(DAMAGES)) {
    it(`${damage} is not gone on in: the attempt starts afresh`, async (t) => {
      const room = await openRoom(t);
      const first = await workInterrupted(room);
      await first.keep();
      await inflict(first.path, room);
      const second = await goOn(room);
      assert.equal(second.kept, false);
      assert.equal(gitIn(second.path, 'status', '--porcelain'), '');
      assert.equal(gitIn(second.path, 'rev-parse', 'HEAD'), second.baseOid);
      await writeFile(join(second.path, 'anew'), 'a');
      const { oid } = await second.commit('Anew', NEVER);
      assert.ok(oid);
      await second.close();
    });
  }
});

describe('the sweep', () => {
  it('leaves what is kept while its job may want it, and takes it away after that, its work kept', async (t) => {
    const room = await openRoom(t);
    const first = await workInterrupted(room);
    await first.keep();
    await room.workspaces.sweep(ANYBODY);
    assert.ok(existsSync(join(first.path, 'untracked.txt')));
    await room.workspaces.sweep(NOBODY);
    assert.deepEqual(await room.leftovers(), []);
    assert.equal(await room.mirrorGit('show', `refs/agenticore/${JOB}/left-1:untracked.txt`), 'u');
  });

  it('leaves what somebody has taken over, whatever becomes of the job', async (t) => {
    const room = await openRoom(t);
    await (await workInterrupted(room)).keep();
    const second = await goOn(room);
    await room.workspaces.sweep(NOBODY);
    assert.ok(existsSync(join(second.path, 'untracked.txt')));
    await second.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('and an attempt that goes on, at the same time, are never both served', async (t) => {
    const room = await openRoom(t);
    for (let round = 0; round < 5; round += 1) {
      const jobId = `race${round}`;
      const first = await room.open({ jobId });
      await writeFile(join(first.path, 'untracked.txt'), 'u');
      await first.keep();
      const [second] = await Promise.all([
        room.open({ jobId, attempt: 2, goOnFrom: 1 }),
        room.workspaces.sweep(NOBODY),
      ]);
      assert.equal(existsSync(join(second.path, 'untracked.txt')), second.kept);
      assert.ok(existsSync(join(second.path, 'a.txt')));
      await second.close();
    }
    assert.deepEqual(await room.leftovers(), []);
    assert.deepEqual(await readdir(room.worktreeRoot), []);
  });
});

interface OtherProcess {
  readonly lines: readonly string[];
  readonly isOver: () => boolean;
  kill(): Promise<void>;
}

/** Another process that opens the workspace of JOB, going on from attempt `goOnFrom`. */
function otherProcess(
  t: { after(done: () => void): void },
  room: BenchRoom,
  ...goOnFrom: string[]
): OtherProcess {
  const args = [OTHER, 'open', room.reposRoot, room.worktreeRoot, room.remote.url, JOB, ...goOnFrom];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    lines,
    isOver,
    async kill() {
      child.kill('SIGKILL');
      if (!isOver()) await once(child, 'exit');
    },
  };
}

/** The path of a worktree whose process was SIGKILLed. */
async function openAndKill(t: { after(done: () => void): void }, room: BenchRoom): Promise<string> {
  await mkdir(room.worktreeRoot, { recursive: true });
  const other = otherProcess(t, room);
  const path = await eventually('it has opened', () => other.lines.find((line) => line.startsWith('/')));
  await other.kill();
  return path;
}
