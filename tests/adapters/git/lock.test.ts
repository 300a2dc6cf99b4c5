import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRepositoryLocks } from '../../../src/adapters/git/repository-lock.js';
import { eventually } from '../../support/eventually.js';
import { tempDir } from '../../support/temp-dir.js';
import { NEVER } from './bench-room.js';

const OTHER = fileURLToPath(new URL('other-process.js', import.meta.url));

const SILENT_MS = 600;

interface Holder {
  readonly child: ChildProcess;
  says(word: RegExp): Promise<string>;
}

/** A process that holds the lock, once it does; `settings` are those of its locks. */
async function holderOf(
  t: { after(done: () => void): void },
  path: string,
  settings: { readonly host?: string; readonly silentMs?: number } = {},
): Promise<Holder> {
  const child = spawn(process.execPath, [OTHER, 'lock', path, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const says = (word: RegExp): Promise<string> =>
    eventually(`it says ${word}`, () => lines.find((line) => word.test(line)));
  await says(/held/);
  return { child, says };
}

/** Waits until the lock was renewed so many times. */
async function renewals(path: string, times: number): Promise<void> {
  for (let n = 0, last = 0; n <= times; n += 1) {
    last = await eventually('it is renewed', async () => {
      const { mtimeMs } = await stat(path);
      return mtimeMs !== last && mtimeMs;
    });
  }
}

describe('the lock of a repository', () => {
  it('lets one in at a time, in the order of asking, and leaves no file', async (t) => {
    const directory = await tempDir(t);
    const path = join(directory, 'lock');
    const locks = createRepositoryLocks(async () => {});
    const order: number[] = [];
    let inside = 0;
    const holds = Array.from({ length: 20 }, (_, index) =>
      locks.hold(path, NEVER, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(index);
        inside -= 1;
      }),
    );
    await Promise.all(holds);
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, index) => index),
    );
    assert.deepEqual(await readdir(directory), []);
  });

  it('is given back when the work fails, and other locks are free meanwhile', async (t) => {
    const directory = await tempDir(t);
    const locks = createRepositoryLocks(async () => {});
    await locks.hold(join(directory, 'a'), NEVER, async () => {
      await assert.rejects(
        locks.hold(join(directory, 'b'), NEVER, () => Promise.reject(new Error('work failed'))),
        /work failed/,
      );
      assert.equal(await locks.hold(join(directory, 'b'), NEVER, async () => 'free'), 'free');
    });
  });

  it('can be given up waiting for, without letting the next one in early', async (t) => {
    const path = join(await tempDir(t), 'lock');
    const locks = createRepositoryLocks(async () => {});
    let release = (): void => {};
    let isHeld = true;
    const first = locks.hold(
      path,
      NEVER,
      () =>
        new Promise<void>((resolve) => {
          release = () => {
            isHeld = false;
            resolve();
          };
        }),
    );
    const stop = new AbortController();
    const second = locks.hold(path, stop.signal, async () => assert.fail('got in'));
    const third = locks.hold(path, NEVER, async () => assert.equal(isHeld, false));
    stop.abort(new Error('gave up'));
    await assert.rejects(second, /gave up/);
    await eventually('the first holds it', async () => (await readFile(path, 'utf8')) !== '');
    release();
    await Promise.all([first, third]);
  });

  it('is respected while another process holds it', async (t) => {
    const path = join(await tempDir(t), 'lock');
    await holderOf(t, path);
    const locks = createRepositoryLocks(async () => assert.fail('taken from the living'));
    const stop = new AbortController();
    const waiting = locks.hold(path, stop.signal, async () => assert.fail('got in'));
    const outcome = assert.rejects(waiting, /enough/);
    for (let round = 0; round < 50; round += 1) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('enough'));
    await outcome;
  });

  it('is taken over from a killed process by exactly one of many', async (t) => {
    const directory = await tempDir(t);
    const path = join(directory, 'lock');
    const holder = await holderOf(t, path);
    let takeovers = 0;
    const countTakeover = async (): Promise<void> => {
      takeovers += 1;
    };
    let inside = 0;
    // Each with its own queue, as separate processes would have.
    const waiting = Array.from({ length: 8 }, () =>
      createRepositoryLocks(countTakeover).hold(path, NEVER, async () => {
        inside += 1;
        assert.equal(inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    );
    holder.child.kill('SIGKILL');
    await Promise.all(waiting);
    assert.equal(takeovers, 1);
    assert.deepEqual(await readdir(directory), []);
  });

  it('is taken over also when the one who took over was killed doing so', async (t) => {
    const directory = await tempDir(t);
    const path = join(directory, 'lock');
    const dead = await holderOf(t, path);
    const { token } = JSON.parse(await readFile(path, 'utf8'));
    const breaker = await holderOf(t, `${path}.${token}`);
    for (const { child } of [dead, breaker]) child.kill('SIGKILL');
    await createRepositoryLocks(async () => {}).hold(path, NEVER, async () => {});
    assert.deepEqual(await readdir(directory), []);
  });

  it('of a process elsewhere, or that nobody can read, counts as dead when it stays as it is for long enough', async (t) => {
    const directory = await tempDir(t);
    const contents = [
      '',
      'garbage',
      '{}',
      JSON.stringify({ host: 'another', pid: 1, start: '1', token: '0123abcd' }),
      '{"token":"../../x"}',
    ];
    const waits = contents.map(async (content, index) => {
      const path = join(directory, `lock${index}`);
      await writeFile(path, content);
      const longAgo = new Date(0); // clocks of other hosts count for nothing
      await utimes(path, longAgo, longAgo);
      const stop = new AbortController();
      const early = assert.rejects(
        createRepositoryLocks(async () => {}).hold(path, stop.signal, async () => assert.fail('too early')),
        /enough/,
      );
      for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
      stop.abort(new Error('enough'));
      await early;
      const locks = createRepositoryLocks(async () => {}, { silentMs: 50 });
      assert.equal(await locks.hold(path, NEVER, async () => 'mine'), 'mine');
    });
    await Promise.all(waits);
    assert.deepEqual(await readdir(directory), []);
  });

  it('is taken from a process elsewhere that stands still, and refused to it when it goes on', async (t) => {
    const path = join(await tempDir(t), 'lock');
    const holder = await holderOf(t, path, { host: 'elsewhere', silentMs: SILENT_MS });
    const elsewhere = createRepositoryLocks(async () => {}, { silentMs: SILENT_MS });
    const stop = new AbortController();
    const early = assert.rejects(
      elsewhere.hold(path, stop.signal, async () => assert.fail('taken from one who renews')),
      /enough/,
    );
    await renewals(path, 8); // longer than it may be silent
    stop.abort(new Error('enough'));
    await early;

    holder.child.kill('SIGSTOP');
    await elsewhere.hold(path, NEVER, async ({ confirm }) => {
      const mine = await readFile(path, 'utf8');
      holder.child.kill('SIGCONT');
      assert.equal(await holder.says(/^(may|must not)/), 'must not write');
      assert.equal(await readFile(path, 'utf8'), mine, 'it gave back what was not its own');
      await confirm();
    });
  });
});
