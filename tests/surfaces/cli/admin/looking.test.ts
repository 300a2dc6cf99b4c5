// The admin verbs that look: streams, pending and replay, beside a server that uses the same file bus.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { openFileBus, readFileBus } from '../../../../src/adapters/file/open-file-bus.js';
import type { Bus } from '../../../../src/ports/bus.js';
import { startAttempt, submit } from '../../../support/ledger.js';
import { tempDir } from '../../../support/temp-dir.js';
import { endedJob } from '../../http/lively-job.js';
import { startTestServer } from '../../http/test-server.js';
import { deskWith, keep } from './keeper.js';

let home = '';
let server: Bus;
before(async () => {
  home = await tempDir();
  server = await openFileBus({ home, leaseMs: 600_000 });
});
after(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

/** The same files as they are read beside the server. */
const beside = (): Promise<Bus> => readFileBus({ home, leaseMs: 600_000 });

describe('admin streams', () => {
  it('prints every lane, and what is delayed', async () => {
    const jobId = await submit(server.events);
    await submit(server.events);
    await server.queue.claim('jobs', 'worker-1', new AbortController().signal);
    await startAttempt(server.events, jobId);
    const bus = await beside();
    const { code, out } = await keep(bus, ['streams', '--json']);
    assert.equal(code, 0);
    const { lanes, ...elsewhere } = JSON.parse(out);
    assert.deepEqual(elsewhere, { delayed: 0, held: 0, dead: 0 });
    const [{ oldest_at, ...lane }] = lanes;
    assert.deepEqual(lane, { lane: 'jobs', length: 2, waiting: 1, running: 1, consumers: 1, lag: 1 });
    assert.ok(Date.parse(oldest_at) <= Date.now());
    const plain = await keep(bus, ['streams']);
    assert.match(plain.out, /^jobs\t2\t1\t1\t\d+s\t1\t1\ndelayed\t0\nheld\t0\ndead\t0\n/);
  });
});

describe('admin pending', () => {
  it('prints who holds what, and filters by silence', async () => {
    const bus = await beside();
    const [held] = JSON.parse((await keep(bus, ['pending', '--json'])).out);
    assert.deepEqual(Object.keys(held), ['lane', 'job_id', 'worker', 'idle_ms', 'deliveries']);
    assert.equal(held.worker, 'worker-1');
    assert.equal((await keep(bus, ['pending', '--min-idle', '3600'])).out, '');
  });

  it('does not steal without being told from whom', async () => {
    const { code, err } = await keep(await beside(), ['pending', '--steal']);
    assert.equal(code, 2);
    assert.match(err, /--min-idle/);
    const negative = await keep(await beside(), ['pending', '--min-idle', '-1']);
    assert.deepEqual([negative.code, negative.err], [2, 'agenticore: --min-idle must not be negative.\n']);
  });

  it('steals from who was silent for long enough', async () => {
    const { code, out, err } = await keep(server, ['pending', '--steal', '--min-idle', '0']);
    assert.equal(code, 0);
    assert.match(out, /worker-1/);
    assert.match(err, /1 job taken/);
    assert.deepEqual(await server.custody.pending(), []);
  });

  it('writes nothing to a bus that was opened for reading', async () => {
    await assert.rejects((await beside()).custody.steal(0), { code: 'BUS_LOCKED' });
  });
});

describe('admin replay', () => {
  it('prints the feed as the server sends it, byte for byte', async (t) => {
    const http = await startTestServer(t);
    const jobId = await endedJob(http.bus);
    const wire = await (await fetch(`${http.url}/jobs/${jobId}/events`)).text();
    const { code, out } = await keep(http.bus, ['replay', jobId, '--speed', 'max', '--as', 'sse']);
    assert.equal(code, 0);
    assert.equal(out, wire);
  });

  it('shows a job as watch does, or frame by frame', async () => {
    const jobId = await endedJob(server);
    const bus = await beside();
    const text = await keep(bus, ['replay', jobId.slice(0, 8), '--speed', 'max']);
    assert.match(text.out, /Working on b, from main/);
    assert.match(text.out, /Pushed b/);
    const frames = (await keep(bus, ['replay', jobId, '--speed', 'max', '--as', 'json'])).out
      .trim()
      .split('\n');
    assert.deepEqual(JSON.parse(frames.at(-1) ?? ''), {
      id: `${JSON.parse(frames.at(-2) ?? '').id}.end`,
      event: 'end',
      data: { job_id: jobId, status: 'succeeded' },
    });
  });

  it('keeps the recorded pace, or a multiple of it', async () => {
    const jobId = await endedJob(server);
    const slept: number[] = [];
    const clock = {
      now: () => slept.reduce((sum, ms) => sum + ms, 0),
      random: () => 0,
      sleep: async (ms: number) => void slept.push(ms),
    };
    const feed = {
      ...server.feed,
      read: async () => ({
        gap: false,
        entries: [0, 1000, 4000].map((ms, index) => ({
          cursor: `${ms}-0`,
          kind: 'event' as const,
          type: 'AttemptStarted',
          data: JSON.stringify({ type: 'AttemptStarted', version: index + 1, at: ms }),
        })),
      }),
    };
    const bus = { ...server, feed };
    await keep(bus, ['replay', jobId, '--speed', '2', '--as', 'json'], {
      desk: deskWith(bus, { clock, hash: () => '' }),
    });
    assert.deepEqual(slept, [500, 1500]);
  });

  it('shows what was known at a version', async () => {
    const jobId = await endedJob(server);
    const bus = await beside();
    const then = JSON.parse((await keep(bus, ['replay', jobId, '--to', '2', '--as', 'json'])).out);
    assert.deepEqual([then.status, then.version, then.attempt, then.branch], ['running', 2, 1, undefined]);
    assert.match((await keep(bus, ['replay', jobId, '--to', '1'])).out, /queued/);
    const late = await keep(bus, ['replay', jobId, '--to', '99']);
    assert.equal(late.code, 2);
    assert.match(late.err, /has 12 events/);
    const beyond = await keep(bus, ['replay', jobId, '--from', '99', '--speed', 'max']);
    assert.deepEqual([beyond.code, /has 12 events/.test(beyond.err)], [2, true]);
  });

  it('shows the way from one version to another, with what was said in between', async () => {
    const jobId = await endedJob(server);
    const words = ['replay', jobId, '--from', '2', '--to', '3', '--speed', 'max', '--as', 'sse'];
    const { out } = await keep(await beside(), words);
    const names = out.match(/^event: .*$/gm)?.map((line) => line.slice(7));
    assert.deepEqual(names, ['AttemptStarted', 'assistant', 'delta', 'assistant', 'WorkspaceOpened', 'job']);
  });

  it('shows the events of all jobs since a time', async () => {
    const bus = await beside();
    const { out } = await keep(bus, ['replay', '--all', '--since', '1h']);
    assert.match(out, /^\S+Z [0-9a-f-]{36} JobSubmitted$/m);
    const jobIds = new Set([...out.matchAll(/[0-9a-f-]{36}/g)].map(String));
    assert.equal(jobIds.size, 6);
    assert.equal((await keep(bus, ['replay', '--all', '--since', '2099-01-01'])).out, '');
  });

  it('says in one sentence what it cannot do', async () => {
    const bus = await beside();
    const missing = await keep(bus, ['replay', randomUUID()]);
    assert.deepEqual([missing.code, missing.err.split('\n').length], [1, 2]);
    for (const words of [
      ['replay'],
      ['replay', 'abc', '--all', '--since', '1h'],
      ['replay', '--all'],
      ['replay', '--all', '--since', 'yesterday'],
      ['replay', randomUUID(), '--speed', '0'],
      ['replay', randomUUID(), '--from', '0'],
      ['replay', randomUUID(), '--from', '5', '--to', '3'],
      ['replay', '--all', '--since', '90'],
      ['replay', '--all', '--since', '1h', '--into', 'nonsense'],
    ])
      assert.equal((await keep(bus, words)).code, 2, words.join(' '));
    assert.match((await keep(bus, ['dead', 'forget'])).err, /There is no command "admin dead forget"/);
  });
});
