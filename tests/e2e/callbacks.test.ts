// The end of a job is told, whatever becomes of the processes; and each process shows its figures.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { figureOf } from '../support/prometheus.js';
import { isSigned, type Receiver, startReceiver } from '../support/receiver.js';
import { startRedis, type TestRedis } from '../support/redis-server.js';
import { startFleet } from './fleet.js';
import { openProcesses, type Processes, readFrom, whenStatus } from './processes.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const CALLBACKS = { AGENTICORE_CALLBACK_SECRETS: SECRET, AGENTICORE_CALLBACK_ALLOWED_HOSTS: '127.0.0.1' };

const pageOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();

async function accept(url: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/jobs`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { job } = (await response.json()) as { readonly job: { readonly id: string } };
  assert.equal(response.status, 202);
  return job.id;
}

/** All requests are of one delivery, signed, and say how it ended. */
function assertOneDelivery({ received }: Receiver, jobId: string, type: string): void {
  for (const request of received) {
    assert.ok(isSigned(request, SECRET));
    const { headers, body } = request;
    const letter = JSON.parse(body);
    assert.deepEqual([headers['webhook-id'], letter.type, letter.data.id], [`msg_${jobId}`, type, jobId]);
  }
}

describe('the end of a job, on files', () => {
  it('is told although the server is killed while it tells it, and once more when somebody asks', async (t) => {
    // The first request is never answered.
    const receiver = await startReceiver((response, nth) => {
      if (nth > 1) response.writeHead(200).end();
    });
    t.after(() => receiver.close());
    const fleet = await startFleet('file', [], CALLBACKS);
    t.after(() => fleet.close());
    const nowhere = 'file:///nowhere/repository.git';
    const { id } = await fleet.submit({ task: 'x', repo_url: nowhere, callback_url: `${receiver.url}/hook` });
    await fleet.ended(id);
    await eventually('it is being told', () => receiver.received.length === 1);
    fleet.kill();
    await fleet.restart();
    const delivered = (attempts: number) =>
      eventually('it is recorded as delivered', async () => {
        const callback = (await fleet.job(id)).callback as Record<string, unknown>;
        return callback.status === 'delivered' && callback.attempts === attempts;
      });
    await delivered(1);
    assert.equal(receiver.received.length, 2);
    assert.equal((await fetch(`${fleet.url}/jobs/${id}/callback`, { method: 'POST' })).status, 202);
    await delivered(2);
    assertOneDelivery(receiver, id, 'job.failed');
    assert.equal(
      figureOf(await pageOf(fleet.url), 'agenticore_callbacks_total', { outcome: 'delivered' }),
      2,
    );
  });
});

describe('the end of a job, in a fleet', () => {
  let redis: TestRedis;
  let fleet: Processes;
  before(async () => {
    redis = await startRedis();
    fleet = await openProcesses(redis);
  });
  after(async () => {
    await fleet?.close();
    await redis?.stop();
  });

  it('is told by a process that came later; the worker counts the job, and nobody else', async (t) => {
    const counter = await fleet.start('counter', 'ingress,gateway', CALLBACKS);
    const signal = join(fleet.folder, 'go on');
    let isThere = false; // when the job ends
    const receiver = await startReceiver((response) => {
      if (isThere) response.writeHead(204).end();
      else response.destroy();
    });
    t.after(() => receiver.close());
    const callback_url = `${receiver.url}/hook`;
    const jobId = await accept(counter.url, {
      task: `wait for ${signal.replace(' ', '-')} please`,
      callback_url,
    });
    counter.send('SIGKILL');
    await counter.ended;

    // A worker without the secret: the job ends, and its end waits for somebody who can sign.
    const worker = await fleet.start('worker', 'worker');
    writeFileSync(signal.replace(' ', '-'), '');
    const key = { kind: 'task', profile: 'code', status: 'succeeded', code: '' };
    await eventually('the job has ended', async () =>
      figureOf(await pageOf(worker.url), 'agenticore_jobs_total', key),
    );
    const page = await eventually('its end is to be told', async () => {
      const seen = await pageOf(worker.url);
      return figureOf(seen, 'agenticore_callbacks_due') === 1 && seen;
    });
    assert.equal(figureOf(page, 'agenticore_bus_up'), 1);
    assert.equal(figureOf(page, 'agenticore_attempts_total', { kind: 'task', outcome: 'succeeded' }), 1);
    assert.equal(figureOf(page, 'agenticore_tokens_total', { model: 'default', type: 'output' }), 1);
    assert.equal(figureOf(page, 'agenticore_lane_entries', { lane: 'jobs', state: 'running' }), 0);

    const later = await fleet.start('later', 'ingress,gateway', CALLBACKS);
    const job = await whenStatus(later, jobId, 'succeeded');
    assert.equal(figureOf(await pageOf(later.url), 'agenticore_jobs_total', key), undefined);
    await eventually('nobody answers', async () => {
      const { callback } = (await readFrom(later, job.id)) as {
        readonly callback?: { readonly attempts: number };
      };
      return callback?.attempts === 1;
    });
    isThere = true;
    await eventually('it is told at the next try', () => receiver.received.length === 2);
    await eventually(
      'nothing is due',
      async () => figureOf(await pageOf(later.url), 'agenticore_callbacks_due') === 0,
    );
    assertOneDelivery(receiver, jobId, 'job.succeeded');
    assert.equal(JSON.parse(receiver.received[0]?.body ?? '').data.output, 'It may go on.');
  });
});
