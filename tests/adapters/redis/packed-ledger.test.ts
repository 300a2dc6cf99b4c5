// A trimmed job takes little room on Redis and is the same for everybody who looks at it.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { type Keys, openKeys } from '../../../src/adapters/redis/keys.js';
import type { RedisBusOptions } from '../../../src/adapters/redis/open-redis-bus.js';
import { exportJobs } from '../../../src/app/admin/export-jobs.js';
import { formatExportLine } from '../../../src/app/admin/export-line.js';
import { type ImportReport, importJobs } from '../../../src/app/admin/import-jobs.js';
import { rebuildJobs } from '../../../src/app/admin/rebuild-jobs.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import { divergenceOf, verifyJob } from '../../../src/app/admin/verify-job.js';
import type { Bus } from '../../../src/ports/bus.js';
import {
  carryOut,
  endAttempt,
  inFull,
  sha256,
  startAttempt,
  submit,
  transition,
} from '../../support/ledger.js';
import { tempDir } from '../../support/temp-dir.js';
import { makeWholeHistory } from '../../support/whole-history.js';
import { freshPrefix, openBus, useRedis } from './redis-under-test.js';

const own = useRedis();

interface Scope {
  after(done: () => Promise<void>): void;
}

async function scene(
  t: Scope,
  options: Partial<RedisBusOptions> = {},
): Promise<{ readonly bus: Bus; readonly keys: Keys }> {
  const keyPrefix = freshPrefix(own.server);
  const bus = await openBus(own.server, { keyPrefix, ...options });
  t.after(() => bus.close());
  return { bus, keys: openKeys(keyPrefix) };
}

/** What every kind of reader sees of the events of a job. */
async function seen(bus: Bus, jobId: string): Promise<Readonly<Record<string, unknown>>> {
  const { events, feed } = bus;
  const fleet = await feed.read({ kind: 'fleet' }, undefined, 1000);
  const fromTheMiddle = fleet.entries.at(fleet.entries.length / 2)?.cursor;
  const ofJob = await feed.read({ kind: 'job', jobId }, undefined, 1000);
  return {
    loaded: inFull(await events.load(jobId)),
    read: await events.read(jobId),
    answer: await events.answer(jobId),
    listed: (await events.list({ limit: 5 })).jobs,
    fleet,
    restOfFleet: await feed.read({ kind: 'fleet' }, fromTheMiddle, 2),
    feed: ofJob.entries.filter(({ kind }) => kind === 'event'),
  };
}

async function exported(bus: Bus, jobId: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of exportJobs(bus, [jobId], true)) lines.push(formatExportLine(line));
  return lines;
}

async function imported(
  bus: Bus,
  lines: readonly string[],
): Promise<Pick<ImportReport, 'imported' | 'same'>> {
  const report = await importJobs(
    { custody: bus.custody, hash: sha256 },
    (async function* () {
      yield* lines;
    })(),
    false,
  );
  assert.deepEqual([report.refused, report.torn], [[], undefined]);
  return { imported: report.imported, same: report.same };
}

async function rebuilt(bus: Bus): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for await (const { what } of rebuildJobs(bus, sha256, true, () => {})) all.push(what);
  return all;
}

/** A job that used up its attempts: a person may still close its letter. */
async function deadLetter(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events, { order: { maxAttempts: 1 } });
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'failed', code: 'MODEL_OVERLOADED', error: 'busy' });
  return jobId;
}

const verified = (bus: Bus, jobId: string) =>
  verifyJob({ bus, hash: sha256, readSession: async () => undefined }, jobId);

describe('a packed ledger', () => {
  it('takes the place of the lines and the answer when a job is trimmed, and nobody sees it', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    const before = await seen(bus, jobId);
    const version = await own.admin.llen(keys.ledger(jobId));
    await trimJobs(bus, sha256, { jobId });
    assert.deepEqual(await seen(bus, jobId), before);
    const [first = '', ...others] = await own.admin.lrange(keys.ledger(jobId), 0, -1);
    assert.match(first, /^P1/);
    assert.match(others.shift() ?? '', /^P1/);
    assert.deepEqual(new Set(others), new Set(['']));
    assert.equal(await own.admin.llen(keys.ledger(jobId)), version);
    assert.equal(await own.admin.exists(keys.answer(jobId), keys.feed(jobId), keys.whole(jobId)), 0);
    assert.equal(divergenceOf(await verified(bus, jobId)), undefined);
  });

  it('leaves a long answer in its own place', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await submit(bus.events);
    await startAttempt(bus.events, jobId);
    const answer = 'It is done. '.repeat(1000);
    const facts = [
      {
        type: 'ClaudeFinished' as const,
        ...{ exitCode: 0, costUsd: 0, numTurns: 1, transcript: { count: 0, head: '0'.repeat(64) } },
        answer: { bytes: answer.length, sha256: sha256(answer) },
      },
    ];
    await carryOut(bus.events, jobId, { type: 'ReportProgress', attempt: 1, facts }, { answer });
    await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    await trimJobs(bus, sha256, { jobId });
    assert.equal(await own.admin.get(keys.answer(jobId)), answer);
    assert.equal(await bus.events.answer(jobId), answer);
  });

  it('grows by what happens after the end, at its version', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await deadLetter(bus);
    const feed = { kind: 'job', jobId } as const;
    const close = { type: 'CloseDeadLetter', by: 'me', fate: 'dropped' } as const;
    const stale = transition(await bus.events.load(jobId), close);
    await trimJobs(bus, sha256, { jobId });
    const { entries } = await bus.feed.read(feed, undefined, 100);
    const closed = await carryOut(bus.events, jobId, close);
    assert.deepEqual(await bus.events.append(stale), { kind: 'conflict' });
    assert.deepEqual(inFull(await bus.events.load(jobId)), inFull(closed));
    assert.equal(await own.admin.llen(keys.ledger(jobId)), closed.job.version);
    assert.equal((await bus.events.read(jobId)).at(-1)?.type, 'DeadLetterClosed');
    const fleet = await bus.feed.read({ kind: 'fleet' }, undefined, 100);
    assert.deepEqual(
      fleet.entries.map(({ type }) => type),
      ['JobSubmitted', 'AttemptStarted', 'JobFailed', 'DeadLetterClosed'],
    );
    assert.deepEqual(await bus.feed.read(feed, undefined, 100), { entries, gap: false });
    assert.deepEqual(await trimJobs(bus, sha256, { jobId }), [], 'it was trimmed before');
    assert.deepEqual(await rebuilt(bus), []);
    assert.equal(divergenceOf(await verified(bus, jobId)), undefined);
  });

  it('keeps the mark of the trimmed feed when the view is lost', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    await trimJobs(bus, sha256, { jobId });
    const before = [await seen(bus, jobId), await bus.custody.trimMark(jobId)];
    const feed = await bus.feed.read({ kind: 'job', jobId }, undefined, 100);
    assert.equal(feed.gap, true);
    await own.admin.del(keys.view(jobId));
    assert.deepEqual(await rebuilt(bus), [['view']]);
    assert.deepEqual(await rebuilt(bus), []);
    assert.deepEqual([await seen(bus, jobId), await bus.custody.trimMark(jobId)], before);
    assert.deepEqual(await bus.feed.read({ kind: 'job', jobId }, undefined, 100), feed);
  });

  it('is BUS_CORRUPT for everybody who asks for it once somebody changed it, and only reported by a rebuild', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    await trimJobs(bus, sha256, { jobId });
    const key = keys.ledger(jobId);
    const whole = (await own.admin.lindexBuffer(key, 0)) ?? Buffer.alloc(0);
    const before = await bus.events.read(jobId);
    for (let at = 1; at < whole.length; at += 1) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(whole.readUInt8(at) ^ 0x10, at);
      await own.admin.lset(key, 0, changed);
      // The bits behind the end of the deflated text say nothing, and one text can be deflated in many ways.
      const read = await bus.events.read(jobId).catch(({ code }) => code);
      assert.deepEqual(read, read === 'BUS_CORRUPT' ? read : before, `byte ${at}`);
    }
    await own.admin.lset(key, 0, Buffer.concat([whole.subarray(0, 40), whole.subarray(41)]));
    const reads = [
      () => bus.events.read(jobId),
      () => bus.feed.read({ kind: 'job', jobId }, undefined, 5),
      () => bus.custody.trimMark(jobId),
    ];
    for (const read of reads) await assert.rejects(read, { code: 'BUS_CORRUPT' });
    const { entries, gap } = await bus.feed.read({ kind: 'fleet' }, undefined, 5);
    assert.deepEqual([entries, gap], [[], true], 'readers of all jobs go on without it');
    assert.equal(divergenceOf(await verified(bus, jobId))?.name, 'ledger');
    assert.deepEqual(await rebuilt(bus), [[`The packed ledger of job ${jobId} is not what was packed`]]);
    const next = await deadLetter(bus);
    assert.deepEqual(await trimJobs(bus, sha256, { endedBefore: Date.now() + 60_000 }), [next]);
    await own.admin.lset(key, 0, whole);
    assert.equal(divergenceOf(await verified(bus, jobId)), undefined);
    await own.admin.lset(key, 1, 'P1?');
    await assert.rejects(bus.events.answer(jobId), { code: 'BUS_CORRUPT' });
    await own.admin.rpop(key);
    await assert.rejects(bus.events.load(jobId), { code: 'BUS_CORRUPT' }, 'an event is missing');
  });

  it('takes no more memory than a ledger may when somebody put something else there', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await deadLetter(bus);
    await trimJobs(bus, sha256, { jobId });
    const endless = deflateRawSync(Buffer.alloc(200 * 1024 * 1024));
    assert.ok(endless.length < 300_000);
    const forged = Buffer.concat([Buffer.from('P1'), Buffer.alloc(32), endless]);
    await own.admin.lset(keys.ledger(jobId), 0, forged);
    const before = process.memoryUsage().rss;
    await assert.rejects(bus.events.load(jobId), { code: 'BUS_CORRUPT' });
    assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
  });

  it('that is damaged keeps no other job from whoever lists them, page by page, and the log names it once', async (t) => {
    const told: unknown[] = [];
    const { bus, keys } = await scene(t, { log: (...fact) => void told.push(fact) });
    const ids = [await deadLetter(bus), await deadLetter(bus), await deadLetter(bus)];
    await trimJobs(bus, sha256, { endedBefore: Date.now() + 60_000 });
    const [first, damaged = '', last] = ids;
    await own.admin.lset(keys.ledger(damaged), 0, 'P1 and nothing that fits');
    for (const status of [undefined, 'failed'] as const) {
      const listed: string[] = [];
      for (let before: string | undefined, isOn = true; isOn; ) {
        const query = { limit: 1, ...(status && { status }), ...(before && { before }) };
        const page = await bus.events.list(query);
        listed.push(...page.jobs.map(({ id }) => id));
        before = page.next;
        isOn = page.next !== undefined;
      }
      assert.deepEqual(listed.sort(), [first, last].sort());
    }
    const error = `The packed ledger of job ${damaged} is not what was packed.`;
    assert.deepEqual(
      told.filter((fact) => String(fact).includes('unreadable')),
      [['bus.ledger_unreadable', { job_id: damaged, error }, 'error']],
    );
  });

  it('is not made of a ledger that was tampered with: what is wrong with it stays visible', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    const line = (await own.admin.lindex(keys.ledger(jobId), 0)) ?? '';
    await own.admin.lset(keys.ledger(jobId), 0, line.replace('make the test pass', 'make it fail'));
    assert.deepEqual(await trimJobs(bus, sha256, { jobId }), [jobId]);
    assert.equal((await bus.feed.read({ kind: 'job', jobId }, undefined, 100)).gap, true);
    assert.equal(divergenceOf(await verified(bus, jobId))?.name, 'ledger');
    assert.deepEqual(await trimJobs(bus, sha256, { jobId }), []);
  });

  it('moves to other buses and back, and is known again where it is', async (t) => {
    const { bus } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    await trimJobs(bus, sha256, { jobId });
    const lines = await exported(bus, jobId);
    const home = await tempDir();
    const files = await openFileBus({ home, leaseMs: 60_000 });
    t.after(async () => {
      await files.close();
      await rm(home, { recursive: true, force: true });
    });
    const { bus: other, keys } = await scene(t);
    for (const there of [files, other]) {
      assert.deepEqual(await imported(there, lines), { imported: 1, same: 0 });
      assert.deepEqual(await exported(there, jobId), lines);
    }
    assert.match((await own.admin.lindex(keys.ledger(jobId), 0)) ?? '', /^P1/, 'it comes in packed');
    assert.equal(await own.admin.exists(keys.answer(jobId)), 0);
    const { fleet: _news, restOfFleet: _rest, ...before } = await seen(bus, jobId);
    const { fleet: _none, restOfFleet: _neither, ...after } = await seen(other, jobId);
    assert.deepEqual(after, before);
    for (const here of [bus, other]) assert.deepEqual(await imported(here, lines), { imported: 0, same: 1 });
    assert.deepEqual(await rebuilt(other), []);
  });

  it('is the same history as one that is not packed', async (t) => {
    const { bus } = await scene(t);
    const jobId = await deadLetter(bus);
    const lines = await exported(bus, jobId);
    await trimJobs(bus, sha256, { jobId });
    assert.deepEqual(await imported(bus, lines), { imported: 0, same: 1 });
    const { bus: other } = await scene(t);
    await imported(other, lines);
    assert.deepEqual(await imported(other, await exported(bus, jobId)), { imported: 0, same: 1 });
  });

  it('goes with its job', async (t) => {
    const { bus, keys } = await scene(t);
    const jobId = await makeWholeHistory(bus);
    await trimJobs(bus, sha256, { jobId });
    await bus.events.remove(jobId);
    assert.deepEqual(await own.admin.keys(`${keys.view(jobId)}*`), []);
    assert.equal(await bus.events.load(jobId), undefined);
    assert.equal(await bus.events.answer(jobId), undefined);
    const { entries, gap } = await bus.feed.read({ kind: 'fleet' }, undefined, 100);
    assert.deepEqual([entries, gap], [[], true]);
  });
});
