// One process at a time writes to a file bus; a dead one never keeps the living out.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeLock } from '../../../src/adapters/file/disk/lock.js';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { isCode } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';
import { submission } from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';
import { runChild } from './run-child.js';

const open = (home: string) => openFileBus({ home, leaseMs: 60_000 });
const QUICK = { beatMs: 20, silenceMs: 200 };
const isTaken = (error: unknown): boolean => isCode(error, 'BUS_LOCKED');

test('a second process gets an error that names the first, until that one ends', async (t) => {
  const home = await tempDir(t);
  const child = runChild(t, 'hold-bus', [home]);
  await eventually('the child holds the bus', () => child.stdout().includes('\n'));
  await assert.rejects(open(home), (error: Error) => {
    assert.ok(isTaken(error));
    assert.match(error.message, new RegExp(`process ${child.process.pid} on ${hostname()}`));
    assert.match(error.message, /AGENTICORE_HOME.*REDIS_URL/);
    return true;
  });
  child.process.stdin?.end();
  assert.equal((await child.gone).code, 0, child.stderr());
  await (await open(home)).close();
  assert.deepEqual((await readdir(join(home, 'bus'))).sort(), ['jobs', 'trash']);
});

test('the same process cannot open one bus twice at once', async (t) => {
  const home = await tempDir(t);
  const bus = await open(home);
  await assert.rejects(open(home), isTaken);
  await bus.ping();
  await bus.close();
  await (await open(home)).close();
});

test('the lock of a killed process is taken over at once', async (t) => {
  const home = await tempDir(t);
  for (let round = 0; round < 2; round += 1) {
    const child = runChild(t, 'hold-bus', [home]);
    await eventually('the child holds the bus', () => child.stdout().includes('\n'));
    child.process.kill('SIGKILL');
    await child.gone;
    assert.match(
      await readFile(join(home, 'bus', 'lock'), 'utf8'),
      new RegExp(`"pid":${child.process.pid},`),
    );
  }
  await (await open(home)).close();
});

test('a pid that was given away to another process does not hold the lock', async (t) => {
  const home = await tempDir(t);
  const path = join(home, 'lock');
  const mine = await takeLock(path);
  const owner = JSON.parse(await readFile(path, 'utf8'));
  await mine.release();
  if (owner.started === undefined) return t.skip('this system does not tell when a process started');
  await writeFile(path, JSON.stringify({ ...owner, token: 'earlier', started: '1' }));
  await (await takeLock(path)).release();
});

test('an owner that cannot be looked at holds the lock while it is heard of', async (t) => {
  const path = join(await tempDir(t), 'lock');
  const elsewhere = {
    token: 'x',
    pid: 1,
    started: '1',
    host: 'elsewhere',
    space: 'another boot',
    since: 'today',
  };
  await writeFile(path, JSON.stringify(elsewhere));
  const beat = setInterval(() => void utimes(path, new Date(), new Date()), QUICK.beatMs);
  await assert.rejects(takeLock(path, 'me', QUICK), /process 1 on elsewhere/);
  clearInterval(beat);
  const lock = await takeLock(path, 'me', QUICK);
  assert.equal(lock.isHeld(), true);
  await lock.release();
});

test('a lock that cannot be read is taken over when nobody touches it', async (t) => {
  const path = join(await tempDir(t), 'lock');
  for (const text of ['', '{"pid":', 'null', '{"pid":"1"}']) {
    await writeFile(path, text);
    await (await takeLock(path, 'me', QUICK)).release();
  }
});

test('of many who find a dead owner exactly one gets the lock', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'lock');
  for (let round = 0; round < 25; round += 1) {
    const mine = await takeLock(path);
    const owner = JSON.parse(await readFile(path, 'utf8'));
    await mine.release();
    await writeFile(path, JSON.stringify({ ...owner, token: 'dead', pid: 2 ** 22 + 1 }));
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => takeLock(path)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(winners.length, 1);
    assert.ok(results.every((result) => result.status === 'fulfilled' || isTaken(result.reason)));
    await winners[0]?.release();
    assert.deepEqual(await readdir(folder), []);
  }
});

test('a successor that died before it was done is succeeded in turn', async (t) => {
  const folder = await tempDir(t);
  const path = join(folder, 'lock');
  const mine = await takeLock(path);
  const owner = JSON.parse(await readFile(path, 'utf8'));
  await mine.release();
  const dead = (token: string) => JSON.stringify({ ...owner, token, pid: 2 ** 22 + 1 });
  await writeFile(path, dead('first'));
  await writeFile(`${path}.after-first`, dead('second'));
  await writeFile(`${path}.after-second`, dead('third'));
  const lock = await takeLock(path);
  await assert.rejects(takeLock(path), isTaken);
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
});

test('a process whose lock was taken away stops writing', async (t) => {
  const home = await tempDir(t);
  const bus = await open(home);
  const path = join(home, 'bus', 'lock');
  const thief = { ...JSON.parse(await readFile(path, 'utf8')), token: 'thief' };
  await writeFile(path, JSON.stringify(thief));
  await eventually('the loss is noticed', async () => {
    const outcome = await bus.ping().catch((error: unknown) => error);
    return isTaken(outcome);
  });
  await assert.rejects(bus.events.append(submission()), isTaken);
  await bus.close();
  assert.equal(JSON.parse(await readFile(path, 'utf8')).token, 'thief');
});

test('a home that cannot be used is an unreachable bus, not a crash', async (t) => {
  const home = await tempDir(t);
  await mkdir(join(home, 'bus'));
  await writeFile(join(home, 'bus', 'jobs'), 'a file where a folder should be');
  await assert.rejects(open(home), (error) => isCode(error, 'BUS_UNREACHABLE'));
});
