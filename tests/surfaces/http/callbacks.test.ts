import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSchema } from '../../../src/runtime/schema.js';
import { jobLetter } from '../../../src/surfaces/wire/callback-letter.js';
import { eventJson } from '../../../src/surfaces/wire/event-json.js';
import { carryOut, sha256 } from '../../support/ledger.js';
import { readAllEvents } from './sse-reader.js';
import { jobOf, jsonOf, post, startTestServer } from './test-server.js';

const URL_WITH_SECRET = 'https://hooks.example.com/services/T0/s3cret?token=s3cret';
const check = compileSchema('job');

describe('callback_url', () => {
  it('is taken, told by its host only, and stands in the job as far as it has come', async (t) => {
    const { url, bus } = await startTestServer(t);
    const accepted = await jobOf(await post(`${url}/jobs`, { task: 'x', callback_url: URL_WITH_SECRET }));
    const id = String(accepted.id);
    const callback = { host: 'hooks.example.com', status: 'pending', attempts: 0 };
    assert.deepEqual(accepted.callback, callback);
    assert.equal((await post(`${url}/jobs/${id}/callback`, '')).status, 409, 'it has not ended');

    await fetch(`${url}/jobs/${id}`, { method: 'DELETE' });
    const failed = { kind: 'failed', error: 'It answered 500.', isFinal: true } as const;
    await carryOut(bus.events, id, { type: 'RecordCallback', outcome: failed, jitter: 0 });
    const job = await jobOf(await fetch(`${url}/jobs/${id}`));
    assert.deepEqual(job.callback, {
      ...callback,
      status: 'failed',
      attempts: 1,
      last_error: 'It answered 500.',
    });

    const again = await post(`${url}/jobs/${id}/callback`, '');
    assert.equal(again.status, 202);
    const asked = await jobOf(again);
    assert.equal((asked.callback as typeof callback).status, 'pending');
    assert.deepEqual([accepted, job, asked].map(check), [[], [], []]);
    assert.equal((await bus.callbacks.take(Date.now(), 9, Date.now())).length, 1);

    const told = (await bus.feed.read({ kind: 'fleet' }, undefined, 99)).entries;
    const events = told.map(({ data }) => JSON.parse(eventJson(data, undefined, sha256)));
    assert.deepEqual(
      events.slice(-2).map(({ type }) => type),
      ['CallbackFailed', 'CallbackAsked'],
    );
    assert.deepEqual(events.flatMap(compileSchema('event')), []);

    const feed = await (await fetch(`${url}/jobs/${id}/events`)).text();
    assert.match(feed, /"callback_host":"hooks.example.com"/);
    assert.doesNotMatch(feed + JSON.stringify([accepted, job, asked]), /s3cret/);
  });

  it('comes after the end of the feed, which stays as it was', async (t) => {
    const { url, bus } = await startTestServer(t);
    const { id } = await jobOf(await post(`${url}/jobs`, { task: 'x', callback_url: URL_WITH_SECRET }));
    await fetch(`${url}/jobs/${id}`, { method: 'DELETE' });
    const before = await readAllEvents(`${url}/jobs/${id}/events`);
    const delivered = { kind: 'delivered', httpStatus: 200 } as const;
    await carryOut(bus.events, String(id), { type: 'RecordCallback', outcome: delivered, jitter: 0 });
    const { frames } = await readAllEvents(`${url}/jobs/${id}/events`);
    assert.deepEqual(frames, before.frames);
    const [last, end] = frames.slice(-2);
    const behind = await readAllEvents(`${url}/jobs/${id}/events?last_event_id=${last?.id}`);
    assert.deepEqual(behind.frames, [end], 'who was cut off between the two');
    assert.equal((await fetch(`${url}/jobs/${id}/events?last_event_id=${end?.id}`)).status, 204);
  });

  it('is nothing to ask for where none was given', async (t) => {
    const { url } = await startTestServer(t);
    const job = await jobOf(await post(`${url}/jobs`, { task: 'x', callback_url: '' }));
    assert.equal('callback' in job, false);
    const answer = await post(`${url}/jobs/${job.id}/callback`, '');
    assert.deepEqual([answer.status, (await jsonOf(answer)).code], [404, 'AGENTICORE_CALLBACK_NOT_FOUND']);
  });

  it('is told what GET /jobs/{id} says, with how the job ended', async (t) => {
    const { url, bus } = await startTestServer(t);
    const { id } = await jobOf(await post(`${url}/jobs`, { task: 'x', callback_url: URL_WITH_SECRET }));
    await fetch(`${url}/jobs/${id}`, { method: 'DELETE' });
    const { callback: _callback, ...seen } = await jobOf(await fetch(`${url}/jobs/${id}`));
    const stored = await bus.events.load(String(id));
    const letter = JSON.parse(jobLetter(stored?.job ?? assert.fail(), undefined));
    assert.deepEqual(letter, { type: 'job.cancelled', timestamp: seen.ended_at, data: seen });
  });
});
