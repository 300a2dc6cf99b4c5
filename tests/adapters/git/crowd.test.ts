// Many at once, and deaths in between.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.js';
import { type GitHttpServer, startGitHttpServer } from '../../support/git-http-server.js';
import { createSampleRemote, gitIn } from '../../support/git-repository.js';
import { type BenchRoom, branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const OTHER = fileURLToPath(new URL('other-process.js', import.meta.url));
const NOBODY = async (): Promise<boolean> => false;

interface Other {
  readonly child: ChildProcess;
  said(word: RegExp): Promise<string>;
}

/** Another process that opens a workspace in the same room. */
function openElsewhere(
  t: { after(done: () => void): void },
  room: BenchRoom,
  repoUrl: string,
  jobId: string,
): Other {
  const child = spawn(process.execPath, [OTHER, 'open', room.reposRoot, room.worktreeRoot, repoUrl, jobId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    child,
    said: (word) => eventually(`it says ${word}`, () => lines.find((line) => word.test(line))),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Git processes that work for a room, by the variable in their environment. */
const gitProcesses = (room: BenchRoom): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`"reposRoot":"${room.reposRoot}"`)
      );
    } catch {
      return false;
    }
  });

describe('many workspaces at once', () => {
  it('eight of one repository are fetched for together, and each has its own branch', async (t) => {
    const room = await openRoom(t);
    const server = await startGitHttpServer(room.root);
    t.after(() => server.close());
    const crowd = await openRoom(t, { allowedProtocols: ['http'], allowedHosts: ['127.0.0.1'] });
    const repoUrl = `${server.url}/sample.git`;
    const jobs = Array.from({ length: 8 }, (_, index) => `job${index}`);
    const benches = await Promise.all(jobs.map((jobId) => crowd.open({ jobId, repoUrl })));
    const listings = server.requests.filter((request) => request.startsWith('GET')).length;
    assert.ok(listings <= 2, `${listings} fetches`);
    const oids = await Promise.all(
      benches.map(async (bench, index) => {
        await writeFile(join(bench.path, 'own'), String(index));
        const { oid } = await bench.commit('m', NEVER);
        await bench.push(NEVER);
        return oid;
      }),
    );
    assert.equal(new Set(oids).size, 8);
    for (const [index, jobId] of jobs.entries())
      assert.equal(room.remote.show(branchOf(jobId), 'own'), String(index));
    await Promise.all(benches.map((bench) => bench.close()));
    assert.deepEqual(await crowd.leftovers(), []);
    assert.deepEqual(gitProcesses(crowd), []);
  });

  for (const repositories of [1, 20]) {
    it(`twenty jobs on ${repositories} leave twenty branches, each of its own work, and nothing else`, async (t) => {
      const room = await openRoom(t);
      const remotes = Array.from({ length: repositories }, (_, n) =>
        createSampleRemote(room.root, `crowd${n}`, { shared: `repository ${n}` }),
      );
      const jobs = Array.from({ length: 20 }, (_, n) => ({
        jobId: `job${n}`,
        remote: remotes[n % repositories],
      }));
      await Promise.all(
        jobs.map(async ({ jobId, remote }) => {
          const bench = await room.open({ jobId, repoUrl: remote?.url ?? '' });
          await writeFile(join(bench.path, 'own'), jobId);
          await bench.commit(jobId, NEVER);
          await bench.push(NEVER);
          await bench.close();
        }),
      );
      for (const { jobId, remote } of jobs) {
        assert.equal(remote?.show(branchOf(jobId), 'own'), jobId);
        const range = `main..${branchOf(jobId)}`;
        assert.equal(remote?.git('rev-list', '--count', range), '1');
      }
      assert.deepEqual(await room.leftovers(), []);
      assert.deepEqual(gitProcesses(room), []);
    });
  }

  it('several repositories do not wait for each other', async (t) => {
    const room = await openRoom(t);
    let server: GitHttpServer | undefined;
    const stuck = await startGitHttpServer(room.root, { answer: () => true });
    server = stuck;
    t.after(() => server?.close());
    const both = await openRoom(t, { allowedProtocols: ['http', 'file'], allowedHosts: ['127.0.0.1'] });
    const stop = new AbortController();
    const order = {
      jobId: 'stuck',
      repoUrl: `${stuck.url}/sample.git`,
      branch: branchOf('stuck'),
      attempt: 1,
    };
    const waiting = assert.rejects(both.workspaces.open(order, stop.signal), /enough/);
    await eventually('it waits for the server', () => stuck.requests.length > 0);
    const remotes = [0, 1, 2].map((index) =>
      createSampleRemote(room.root, `r${index}`, { f: String(index) }),
    );
    const benches = await Promise.all(
      remotes.map(({ url }, index) => both.open({ jobId: `job${index}`, repoUrl: url })),
    );
    for (const [index, bench] of benches.entries())
      assert.equal(readFileSync(join(bench.path, 'f'), 'utf8'), String(index));
    stop.abort(new Error('enough'));
    await waiting;
    await Promise.all(benches.map((bench) => bench.close()));
    assert.deepEqual(await both.leftovers(), []);
  });

  it('processes share a mirror', async (t) => {
    const room = await openRoom(t);
    const others = ['p1', 'p2', 'p3'].map((jobId) => openElsewhere(t, room, room.remote.url, jobId));
    const mine = await Promise.all(['m1', 'm2'].map((jobId) => room.open({ jobId })));
    const paths = await Promise.all(others.map((other) => other.said(/^\//)));
    for (const path of [...paths, ...mine.map((bench) => bench.path)])
      assert.equal(gitIn(path, 'status', '--porcelain'), '');
    await room.workspaces.sweep(NOBODY);
    for (const path of paths)
      assert.ok(existsSync(path), 'a living process keeps its worktrees, whatever is said of its jobs');
    await Promise.all(mine.map((bench) => bench.close()));
  });
});

describe('two attempts of a job on one host', () => {
  it('have a branch each: the earlier one, overtaken, takes nothing away from the later and adds nothing', async (t) => {
    const room = await openRoom(t);
    const overtaken = await room.open({ attempt: 1 });
    const bench = await room.open({ attempt: 2 });
    assert.equal(bench.branch, branchOf(JOB));
    await writeFile(join(overtaken.path, 'late'), 'l');
    gitIn(overtaken.path, 'add', '--all');
    gitIn(overtaken.path, 'commit', '-q', '-m', 'late');
    assert.equal(gitIn(bench.path, 'rev-parse', 'HEAD'), bench.baseOid);
    await overtaken.close();
    await writeFile(join(bench.path, 'answer'), 'a');
    gitIn(bench.path, 'add', '--all');
    gitIn(bench.path, 'commit', '-q', '-m', 'answer');
    const { oid = '' } = await bench.commit('m', NEVER);
    await bench.push(NEVER);
    assert.equal(room.remote.git('rev-parse', branchOf(JOB)), oid);
    assert.equal(room.remote.git('rev-list', '--left-right', '--count', `${bench.baseOid}...${oid}`), '0\t1');
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('have a branch each also when both come at the same moment', async (t) => {
    const room = await openRoom(t);
    const benches = await Promise.all([1, 2, 3].map((attempt) => room.open({ attempt })));
    const checkedOut = benches.map(({ path }) => gitIn(path, 'symbolic-ref', 'HEAD'));
    assert.equal(new Set(checkedOut).size, 3);
    await benches[0]?.close();
    for (const { path, baseOid } of benches.slice(1)) assert.equal(gitIn(path, 'rev-parse', 'HEAD'), baseOid);
    await Promise.all(benches.map((bench) => bench.close()));
    assert.deepEqual(await room.leftovers(), []);
  });
});

describe('after a process was killed', () => {
  it('the sweep keeps the work of its attempts and removes all else, unless the job lives on', async (t) => {
    const room = await openRoom(t);
    const other = openElsewhere(t, room, room.remote.url, JOB);
    const path = await other.said(/^\//);
    gitIn(path, 'commit', '--allow-empty', '-q', '-m', 'committed');
    await writeFile(join(path, 'uncommitted'), 'u');
    await writeFile(gitIn(path, 'rev-parse', '--path-format=absolute', '--git-path', 'index.lock'), '');
    await kill(other.child);
    await room.workspaces.sweep(async (jobId) => jobId === JOB);
    assert.ok(existsSync(path), 'the job is alive');
    await room.workspaces.sweep(NOBODY);
    assert.deepEqual(await room.leftovers(), []);
    const kept = `refs/agenticore/${JOB}/left-1`;
    assert.equal(await room.mirrorGit('show', `${kept}:uncommitted`), 'u');
    assert.equal(await room.mirrorGit('log', '-1', '--format=%s', `${kept}^`), 'committed');
    await room.workspaces.sweep(NOBODY);
  });

  it('the next attempt of the job begins on a clean worktree with the work kept', async (t) => {
    const room = await openRoom(t);
    const other = openElsewhere(t, room, room.remote.url, JOB);
    const path = await other.said(/^\//);
    await writeFile(join(path, 'half'), 'h');
    await kill(other.child);
    const bench = await room.open();
    assert.equal(gitIn(bench.path, 'status', '--porcelain'), '');
    assert.equal(gitIn(bench.path, 'rev-parse', 'HEAD'), bench.baseOid);
    assert.equal(await room.mirrorGit('show', `refs/agenticore/${JOB}/left-1:half`), 'h');
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('its lock is taken over, and the git that it left behind is ended first', async (t) => {
    const room = await openRoom(t, { allowedProtocols: ['http'], allowedHosts: ['127.0.0.1'] });
    let isStuck = true;
    const server = await startGitHttpServer(room.root, { answer: () => isStuck });
    t.after(() => server.close());
    const repoUrl = `${server.url}/sample.git`;
    const other = openElsewhere(t, room, repoUrl, 'first');
    await eventually('it waits for the server', () => server.requests.length > 0);
    await kill(other.child);
    assert.ok(gitProcesses(room).length > 0, 'its git lives on');
    isStuck = false;
    const bench = await room.open({ repoUrl });
    assert.deepEqual(gitProcesses(room), []);
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it("git's own locks, left by its git or by claude's, stop nobody", async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    const common = gitIn(bench.path, 'rev-parse', '--path-format=absolute', '--git-common-dir');
    const admin = gitIn(bench.path, 'rev-parse', '--absolute-git-dir');
    await writeFile(join(bench.path, 'x'), 'x');
    for (const lock of [
      join(admin, 'index.lock'),
      join(admin, 'HEAD.lock'),
      join(common, 'refs', 'heads', `${branchOf(JOB)}.lock`),
    ]) {
      await writeFile(lock, '');
    }
    const { oid } = await bench.commit('m', NEVER);
    assert.ok(oid);
    const longAgo = new Date(Date.now() - 60_000);
    await writeFile(join(common, 'packed-refs.lock'), '');
    await utimes(join(common, 'packed-refs.lock'), longAgo, longAgo);
    await bench.close();
    assert.deepEqual(await room.leftovers(), []);

    const dead = spawn(process.execPath, [OTHER, 'lock', join(common, '..', 'lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(dead.stdout, 'data');
    await kill(dead);
    for (const lock of [
      'packed-refs.lock',
      'refs/remotes/origin/main.lock',
      'refs/agenticore-origin/HEAD.lock',
    ]) {
      await writeFile(join(common, lock), '');
    }
    const tip = room.remote.commit({ 'a.txt': 'newer' });
    const next = await room.open();
    assert.equal(next.baseOid, tip);
    await next.close();
    assert.deepEqual(await room.leftovers(), []);
  });

  it('the sweep ends git processes and removes locks that nobody waits for', async (t) => {
    const room = await openRoom(t, { allowedProtocols: ['http'], allowedHosts: ['127.0.0.1'] });
    const server = await startGitHttpServer(room.root, { answer: () => true });
    t.after(() => server.close());
    const other = openElsewhere(t, room, `${server.url}/sample.git`, 'first');
    await eventually('it waits for the server', () => server.requests.length > 0);
    await kill(other.child);
    await room.workspaces.sweep(NOBODY);
    assert.deepEqual(gitProcesses(room), []);
    assert.deepEqual(await room.leftovers(), []);
  });

  it('the sweep removes files that it was just writing, and leaves those of the living', async (t) => {
    const room = await openRoom(t);
    await (await room.open()).close();
    const [key = ''] = (await readdir(room.reposRoot)).filter((name) => !name.startsWith('.'));
    const at = (...path: string[]): string => join(room.reposRoot, key, ...path);
    const old = [
      at('workspaces', 'a-1.json.0123456789ab.aside'),
      at('lock.0123456789ab.aside'),
      at('lock.01234567'),
      at('mirror.git', 'config.0123456789ab.aside'),
    ];
    const young = [at('workspaces', 'b-1.json.0123456789ab.aside'), at('lock.89abcdef')];
    for (const path of [...old, ...young]) await writeFile(path, '{}');
    const longAgo = new Date(Date.now() - 60_000);
    for (const path of old) await utimes(path, longAgo, longAgo);
    await room.workspaces.sweep(NOBODY);
    assert.deepEqual([...old, ...young].filter(existsSync), young);
    for (const path of young) await rm(path);
  });

  it('records that cannot be read, or that point elsewhere, remove nothing', async (t) => {
    const room = await openRoom(t);
    const bench = await room.open();
    await bench.close();
    const [key = ''] = (await readdir(room.reposRoot)).filter((name) => !name.startsWith('.'));
    const records = join(room.reposRoot, key, 'workspaces');
    const precious = join(room.root, 'precious');
    await writeFile(precious, 'p');
    const owner = { host: 'x', pid: 1, start: '1' };
    await writeFile(
      join(records, 'evil-1.json'),
      JSON.stringify({ jobId: 'evil', path: precious, branch: 'b', baseOid: 'x', owner }),
    );
    await writeFile(join(records, 'bad-1.json'), 'garbage');
    await room.workspaces.sweep(NOBODY);
    assert.ok(existsSync(precious));
    await rm(records, { recursive: true });
  });

  it('a sweep with nothing there does nothing', async (t) => {
    const room = await openRoom(t);
    await room.workspaces.sweep(NOBODY);
    assert.deepEqual(await room.leftovers(), []);
  });
});
