// Jobs between buses: what comes out of one goes into the other and back, the same to the byte; what was tampered
// with, cut or is here already otherwise does not.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { exportJobs } from '../../../src/app/admin/export-jobs.js';
import { formatExportLine } from '../../../src/app/admin/export-line.js';
import { type ImportReport, importJobs } from '../../../src/app/admin/import-jobs.js';
import { textLines } from '../../../src/app/admin/text-lines.js';
import { trimJobs } from '../../../src/app/admin/trim-jobs.js';
import type { Bus } from '../../../src/ports/bus.js';
import { openBus } from '../../adapters/redis/redis-under-test.js';
import { eventually } from '../../support/eventually.js';
import {
  carryOut,
  endAttempt,
  inFull,
  sha256,
  startAttempt,
  startTurn,
  submit,
} from '../../support/ledger.js';
import { startRedis, type TestRedis } from '../../support/redis-server.js';
import { tempDir } from '../../support/temp-dir.js';
import { ANSWER, makeWholeHistory } from '../../support/whole-history.js';
import { startTestServer } from '../../surfaces/http/test-server.js';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

interface Scope {
  after(done: () => Promise<void>): void;
}

/** A new bus of this kind, gone when the test is over. */
async function fresh(t: Scope, kind: 'file' | 'redis', leaseMs = 600_000): Promise<Bus> {
  if (kind === 'redis') {
    const bus = await openBus(redis, { leaseMs });
    t.after(() => bus.close());
    return bus;
  }
  const home = await tempDir();
  const bus = await openFileBus({ home, leaseMs });
  t.after(async () => {
    await bus.close();
    await rm(home, { recursive: true, force: true });
  });
  return bus;
}

async function exported(bus: Bus, jobIds: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for await (const line of exportJobs(bus, jobIds, true)) lines.push(`${formatExportLine(line)}\n`);
  return lines.join('');
}

async function* pieces(text: string, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const imported = (bus: Bus, text: string, open = false): Promise<ImportReport> =>
  importJobs({ custody: bus.custody, hash: sha256 }, textLines(pieces(text)), open);

/** Everything that the HTTP counter gives of a job. */
async function overHttp(t: Scope, bus: Bus, jobId: string): Promise<Record<string, string>> {
  const { url } = await startTestServer(t, { wrapBus: () => ({ ...bus, close: async () => {} }) });
  const paths = ['', '/events', '/output', '/output?format=jsonl', '/messages/2/4'];
  const all: Record<string, string> = {};
  for (const path of paths)
    all[path] = withoutRequestId(await (await fetch(`${url}/jobs/${jobId}${path}`)).text());
  return all;
}

const withoutRequestId = (text: string): string => text.replace(/"request_id":"[^"]*"/, '');

async function deadLetter(bus: Bus): Promise<string> {
  const jobId = await submit(bus.events, { order: { maxAttempts: 1 } });
  await startAttempt(bus.events, jobId);
  await endAttempt(bus.events, jobId, { kind: 'failed', code: 'MODEL_OVERLOADED', error: 'busy' });
  return jobId;
}

describe('moving jobs', () => {
  for (const [from, to] of [
    ['file', 'redis'],
    ['redis', 'file'],
  ] as const) {
    it(`from ${from} to ${to} and back gives identical ledgers and feeds, ids included`, async (t) => {
      const origin = await fresh(t, from);
      const jobId = await makeWholeHistory(origin);
      const there = await fresh(t, to);
      const back = await fresh(t, from);
      const text = await exported(origin, [jobId]);
      assert.deepEqual(await imported(there, text), { imported: 1, same: 0, refused: [] });
      const again = await exported(there, [jobId]);
      assert.equal(again, text);
      assert.deepEqual(await imported(back, again), { imported: 1, same: 0, refused: [] });
      const first = await overHttp(t, origin, jobId);
      assert.ok((first['/messages/2/4'] ?? '').length > 70 * 1024, 'the large message is kept aside');
      assert.equal(first['/output'], ANSWER);
      for (const bus of [there, back]) {
        assert.deepEqual(await bus.events.read(jobId), await origin.events.read(jobId));
        assert.deepEqual(inFull(await bus.events.load(jobId)), inFull(await origin.events.load(jobId)));
        assert.deepEqual(await overHttp(t, bus, jobId), first);
        assert.equal(await bus.events.count('succeeded'), 1);
        assert.deepEqual(
          (await bus.events.list({ limit: 5 })).jobs.map(({ id }) => id),
          [jobId],
        );
      }
    });
  }

  for (const kind of ['file', 'redis'] as const) {
    describe(`into ${kind}`, () => {
      it('takes in a turn that waits with its request, and one that ran where it came in as lost', async (t) => {
        const origin = await fresh(t, kind === 'file' ? 'redis' : 'file');
        const request = JSON.stringify({ prompt: 'ü "\u2028"' });
        const waiting = await submit(origin.events, { kind: 'turn', request });
        const direct = await startTurn(origin.events);
        const ended = await startTurn(origin.events);
        await endAttempt(origin.events, ended, { kind: 'succeeded' });
        const bus = await fresh(t, kind, 1500);
        const text = await exported(origin, [waiting, direct, ended]);
        assert.equal((await imported(bus, text, true)).imported, 3);
        assert.equal(await bus.events.request(waiting), request);
        assert.equal(await exported(bus, [waiting, direct, ended]), text);
        // A Redis that has only just been started is given one lease.
        const lapsed = await eventually('it is lost', async () => {
          const found = await bus.queue.lapsedDirect(9);
          return found.length > 0 && found;
        });
        assert.deepEqual(lapsed, [{ jobId: direct, attempt: 1 }]);
        await bus.queue.promoteDue(9);
        assert.deepEqual(await bus.queue.depth('jobs'), { waiting: 1, running: 0 });
        assert.equal(
          (await carryOut(bus.events, direct, { type: 'LoseAttempt', attempt: 1 })).job.code,
          'WORKER_LOST',
        );
        assert.deepEqual(await bus.queue.lapsedDirect(9), []);
      });

      it('does nothing for a job that is here, and refuses one with another history', async (t) => {
        const bus = await fresh(t, kind);
        const jobId = await makeWholeHistory(bus);
        const text = await exported(bus, [jobId]);
        assert.deepEqual(await imported(bus, text), { imported: 0, same: 1, refused: [] });
        const other = await fresh(t, kind);
        await submit(other.events, { jobId });
        const before = await other.events.read(jobId);
        const [refused] = (await imported(other, text)).refused;
        assert.match(refused?.reason ?? '', /another history/);
        assert.deepEqual(await other.events.read(jobId), before);
      });

      it('imports what is whole of a torn export, and says that it is torn', async (t) => {
        const bus = await fresh(t, kind);
        const jobIds = [await makeWholeHistory(bus), await makeWholeHistory(bus)];
        const text = await exported(bus, jobIds);
        const second = text.lastIndexOf('{"line":"job"');
        for (const cut of [second - 1, second + 20, text.lastIndexOf('{"line":"end"') + 5, text.length - 3]) {
          const there = await fresh(t, kind);
          const report = await imported(there, text.slice(0, cut));
          assert.match(report.torn ?? '', /torn/);
          const whole = cut === text.length - 3 ? 2 : 1;
          assert.equal(report.imported, whole);
          assert.equal((await there.events.list({ limit: 5 })).jobs.length, whole);
        }
      });

      it('names the first break of a history that was tampered with', async (t) => {
        const bus = await fresh(t, kind);
        const jobId = await makeWholeHistory(bus);
        const text = await exported(bus, [jobId]);
        const lines = text.split('\n');
        const without = (index: number): string => lines.filter((_, at) => at !== index).join('\n');
        const at = (mark: string): number => lines.findIndex((line) => line.includes(mark));
        const tampered: readonly [string, RegExp][] = [
          [text.replace('make the test pass', 'make the test fail'), /breaks at version 2/],
          [without(at('AttemptHandedBack')), /breaks at version 3/],
          [text.replace('"text\\":\\"three\\"', '"text\\":\\"tree\\"'), /transcript breaks/],
          [without(at('日本')), /sealed with/],
          [text.replace('"whole":"{', '"whole":"{ '), /kept aside is another/],
          [text.replace('It is done', 'It is dead'), /answer is missing, or another/],
          [without(at('"line":"answer"')), /answer is missing/],
          [without(at('"kind":"delta"')), /lines of it are missing/],
        ];
        for (const [changed, reason] of tampered) {
          const there = await fresh(t, kind);
          const report = await imported(there, changed);
          assert.match(report.refused[0]?.reason ?? JSON.stringify(report), reason);
          assert.equal(await there.events.load(jobId), undefined);
        }
      });

      it('lets open jobs in only when told to, and then they run here', async (t) => {
        const bus = await fresh(t, kind);
        const waiting = await submit(bus.events);
        const running = await submit(bus.events, { order: { lane: 'other' } });
        await startAttempt(bus.events, running);
        const text = await exported(bus, [waiting, running]);
        const there = await fresh(t, kind);
        const report = await imported(there, text);
        assert.deepEqual(
          report.refused.map(({ jobId }) => jobId),
          [waiting, running],
        );
        assert.match(report.refused[0]?.reason ?? '', /--open/);
        assert.deepEqual(await imported(there, text, true), { imported: 2, same: 0, refused: [] });
        await there.queue.promoteDue(10);
        const never = new AbortController().signal;
        const claim = await there.queue.claim('jobs', 'w', never);
        assert.equal(claim?.jobId, waiting);
        const [taken] = [
          ...(await there.queue.reclaim('other', 'w', 1)),
          ...((await there.queue.depth('other')).waiting > 0
            ? [await there.queue.claim('other', 'w', never)]
            : []),
        ];
        assert.equal(taken?.jobId, running);
        const { job } = await startAttempt(there.events, running);
        assert.equal(job.attempt, 2);
        await endAttempt(there.events, running, { kind: 'succeeded' });
        assert.deepEqual(await there.queue.depth('other'), { waiting: 0, running: 0 });
      });

      it('takes a trimmed job along with its gap', async (t) => {
        const bus = await fresh(t, kind === 'file' ? 'redis' : 'file');
        const jobId = await makeWholeHistory(bus);
        await trimJobs(bus, sha256, { jobId });
        const there = await fresh(t, kind);
        const text = await exported(bus, [jobId]);
        assert.deepEqual(await imported(there, text), { imported: 1, same: 0, refused: [] });
        assert.equal(await exported(there, [jobId]), text);
        assert.deepEqual(await overHttp(t, there, jobId), await overHttp(t, bus, jobId));
      });

      it('takes a dead letter along, and what was written after an end', async (t) => {
        const bus = await fresh(t, kind === 'file' ? 'redis' : 'file');
        const jobIds = [await deadLetter(bus), await deadLetter(bus)];
        const [open = '', closed = ''] = jobIds;
        await carryOut(bus.events, closed, { type: 'CloseDeadLetter', by: 'me', fate: 'dropped' });
        const there = await fresh(t, kind);
        const text = await exported(bus, jobIds);
        assert.deepEqual(await imported(there, text), { imported: 2, same: 0, refused: [] });
        assert.equal(await exported(there, jobIds), text);
        assert.deepEqual(await there.events.read(closed), await bus.events.read(closed));
        const { letters } = await there.deadLetters.list(10);
        assert.deepEqual(
          letters.map(({ jobId, code }) => [jobId, code]),
          [[open, 'MODEL_OVERLOADED']],
        );
        await carryOut(there.events, open, { type: 'CloseDeadLetter', by: 'me', fate: 'dropped' });
        assert.equal(await there.deadLetters.count(), 0);
      });

      it('refuses a history that is chained but holds what no server wrote, and leaves nothing of it', async (t) => {
        const bus = await fresh(t, kind);
        const jobId = await submit(bus.events, { order: { repoUrl: 'https://git.example/a/b' } });
        const text = await exported(bus, [jobId]);
        const order = /"order":\{[^}]*\}/;
        const hostile: readonly (readonly [RegExp, string])[] = [
          [/"queueTtlS":\d+/, '"queueTtlS":"soon"'],
          [/"ttlS":\d+/, '"ttlS":null'],
          [/"maxAttempts":\d+/, '"maxAttempts":[3]'],
          [/"at":\d+/, '"at":"now"'],
          [/"at":\d+/, '"at":1e400'],
          [/"lane":"jobs"/, '"lane":7'],
          [/"task":"[^"]*"/, '"task":{}'],
          [/"repoUrl":"[^"]*"/, '"repoUrl":5'],
          [order, '"order":null'],
          [order, '"order":{"__proto__":{"lane":"jobs"}}'],
        ];
        for (const [found, put] of hostile) {
          const changed = text.replace(found, put);
          assert.notEqual(changed, text);
          const there = await fresh(t, kind);
          const report = await imported(there, changed, true);
          assert.match(report.refused[0]?.reason ?? JSON.stringify(report), /not understood/, put);
          assert.deepEqual(await there.events.read(jobId), []);
          assert.deepEqual(await there.events.list({ limit: 5 }).then(({ jobs }) => jobs), []);
        }
        const endless = text.replace(/"cursor":"[^"]*"/, '"cursor":"9999999999999999-9999999999999999"');
        assert.match((await imported(bus, endless, true)).refused[0]?.reason ?? '', /not in order/);
        const other = text.replaceAll(jobId, 'constructor');
        assert.match((await imported(bus, other, true)).refused[0]?.reason ?? '', /id is none/);
      });

      it('says when there is more behind the end of an export, and takes a blank line for nothing', async (t) => {
        const bus = await fresh(t, 'file');
        const [first, second] = [await makeWholeHistory(bus), await makeWholeHistory(bus)];
        const text = await exported(bus, [first]);
        const there = await fresh(t, kind);
        const two = await imported(there, `${text}${await exported(bus, [second])}`);
        assert.deepEqual([two.imported, two.refused], [1, []]);
        assert.match(two.torn ?? '', /more behind the end/);
        assert.equal((await imported(there, `${text}\n \n`)).torn, undefined);
      });

      it('refuses what is no export', async (t) => {
        const bus = await fresh(t, kind);
        for (const text of ['', 'garbage', '{}\n', '{"line":"done","jobs":0}\n', '\n\n'])
          assert.match((await imported(bus, text)).torn ?? '', /no export/);
        assert.match((await imported(bus, '')).torn ?? '', /input is empty/);
        const newer = '{"line":"agenticore-export","format":99}\n{"line":"done","jobs":0}\n';
        assert.match((await imported(bus, newer)).torn ?? '', /format 99/);
        const bad = '{"line":"agenticore-export","format":1}\n{"line":"job","jobId":"../x"}\n';
        const end = '{"line":"end","jobId":"../x","events":0,"said":0}\n{"line":"done","jobs":1}\n';
        assert.match((await imported(bus, bad + end)).refused[0]?.reason ?? '', /id is none/);
      });
    });
  }
});
