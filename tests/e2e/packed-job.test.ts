// A job whose ledger is packed on Redis is the same job for everybody: over HTTP, MCP and the command line, for its
// callback, its retries and its readers, wherever they stood.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { startReceiver } from '../support/receiver.js';
import { type Fleet, type Frame, mendIt, parseFrames, startFleet } from './fleet.js';
import { DOOR, type JobJson } from './surrounded-server.js';

const ENV = {
  AGENTICORE_CALLBACK_SECRETS: `whsec_${randomBytes(32).toString('base64')}`,
  AGENTICORE_CALLBACK_ALLOWED_HOSTS: '127.0.0.1',
};

interface Said {
  readonly code: number;
  readonly out: string;
}

function type(fleet: Fleet, words: readonly string[], env: Record<string, string> = {}): Promise<Said> {
  const places = { PATH: process.env.PATH, HOME: fleet.folder, AGENTICORE_HOME: join(fleet.folder, 'home') };
  const all = { ...places, AGENTICORE_URL: fleet.url, ...fleet.settings, ...env };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [DOOR, ...words], { env: all }, (_error, out) =>
      resolve({ code: child.exitCode ?? -1, out }),
    );
  });
}

async function submit(fleet: Fleet, body: object): Promise<JobJson> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'the-one' };
  const response = await fetch(`${fleet.url}/jobs`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  assert.equal(response.status, 202, text);
  return JSON.parse(text).job;
}

/** What readers are told of the job but for what comes after its end. */
async function seen(fleet: Fleet, id: string): Promise<readonly unknown[]> {
  const texts = ['/output', '/diff'].map(async (part) => (await fleet.get(`/jobs/${id}${part}`)).text());
  const { callback: _callback, version: _version, ...job } = await fleet.job(id);
  const listed = (await (await fleet.get('/jobs?status=succeeded')).json()) as { jobs: readonly JobJson[] };
  return [job, ...(await Promise.all(texts)), listed.jobs.map((one) => one.id)];
}

async function readFrom(fleet: Fleet, id: string, last: string): Promise<readonly Frame[]> {
  const response = await fetch(`${fleet.url}/jobs/${id}/events`, { headers: { 'last-event-id': last } });
  return parseFrames(await response.text());
}

const isEvent = ({ event }: Frame): boolean => /^[A-Z]/.test(event);
const named = (frames: readonly Frame[]): readonly string[] =>
  frames.map(({ id, event }) => `${id} ${event}`);

describe('a job whose ledger is packed', () => {
  it('is the same for everybody, wherever they stand', { timeout: 90_000 }, async (t) => {
    let answer = 500;
    const receiver = await startReceiver((response) => response.writeHead(answer).end());
    t.after(() => receiver.close());
    const fleet = await startFleet('redis', [mendIt], ENV);
    t.after(() => fleet.close());
    const order = {
      ...{ task: 'make the test pass', repo_url: fleet.remote },
      callback_url: `${receiver.url}/hook`,
    };
    const { id } = await submit(fleet, order);
    await fleet.ended(id);
    await eventually('it was told once, in vain', () => receiver.received.length > 0);
    const [before, frames] = [await seen(fleet, id), await fleet.feed(id)];

    assert.deepEqual((await type(fleet, ['admin', 'trim', '--job', id])).code, 0);
    assert.deepEqual(await seen(fleet, id), before);
    for (const [nth, { id: place }] of frames.entries()) {
      if (place.endsWith('.end')) continue;
      const rest = frames.slice(nth + 1);
      const isLacking = rest.some((frame) => !isEvent(frame) && frame.event !== 'end');
      const expected = rest.filter((frame) => isEvent(frame) || frame.event === 'end');
      const told = await readFrom(fleet, id, place);
      assert.deepEqual(named(told), [...(isLacking ? [' gap'] : []), ...named(expected)], `from ${place}`);
    }

    answer = 204;
    assert.equal((await fetch(`${fleet.url}/jobs/${id}/callback`, { method: 'POST' })).status, 202);
    await eventually('it was told', async () => {
      const callback = (await fleet.job(id)).callback as { readonly status?: string } | undefined;
      return callback?.status === 'delivered';
    });
    assert.deepEqual(await seen(fleet, id), before, 'what comes after the end changes nothing before it');
    assert.equal((await fetch(`${fleet.url}/jobs/${id}`, { method: 'DELETE' })).status, 200);
    assert.equal((await fleet.job(id)).status, 'succeeded', 'an end is not called off');
    assert.equal((await submit(fleet, order)).id, id, 'its key names it');

    const replayed = await type(fleet, ['admin', 'replay', id, '--as', 'sse']);
    assert.deepEqual(named(parseFrames(replayed.out).filter(isEvent)), named(frames.filter(isEvent)));
    assert.equal((await type(fleet, ['admin', 'verify', id])).code, 0);
    assert.equal((await type(fleet, ['admin', 'rebuild', '--dry-run'])).code, 0);

    const exported = await type(fleet, ['admin', 'export', id]);
    const file = join(fleet.folder, 'export.jsonl');
    await writeFile(file, exported.out);
    const there = { REDIS_KEY_PREFIX: `${fleet.redis?.keyPrefix}-there` };
    for (const imports of [1, 2])
      assert.equal((await type(fleet, ['admin', 'import', file], there)).code, 0, `import ${imports}`);
    assert.equal((await type(fleet, ['admin', 'export', id], there)).out, exported.out);
    assert.equal((await type(fleet, ['admin', 'verify', id], there)).code, 0);

    const again = await type(fleet, ['retry', id]);
    assert.equal((await fleet.ended(again.out.trim())).status, 'succeeded');
  });
});
