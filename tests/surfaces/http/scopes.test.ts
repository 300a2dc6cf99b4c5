// What a caller may do: scopes of keys, address by address.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isCode } from '../../../src/domain/errors.js';
import { SCOPES } from '../../../src/domain/scope.js';
import { hashApiKeys } from '../../../src/surfaces/http/api-keys.js';
import { submit } from '../../support/ledger.js';
import { startOpenAiServer } from '../openai/openai-server.js';
import { jsonOf, startTestServer } from './test-server.js';

const KEYS = [
  'reader[jobs:read]:r',
  'writer[jobs:write]:w',
  'chat[agent:chat]:c',
  'keeper[admin]:a',
  'both[ jobs:read  jobs:write ]:rw',
  'all:everything',
];

const REQUESTS: readonly (readonly [scope: string, method: string, path: string])[] = [
  ['jobs:read', 'GET', '/jobs'],
  ['jobs:read', 'GET', '/JOBS/'],
  ['jobs:read', 'HEAD', '/jobs'],
  ['jobs:read', 'GET', '/jobs/{id}'],
  ['jobs:read', 'GET', '/jobs/{id}/output'],
  ['jobs:read', 'GET', '/jobs/{id}/diff'],
  ['jobs:read', 'GET', '/jobs/{id}/messages/1/1'],
  ['jobs:read', 'GET', '/profiles'],
  ['jobs:read', 'GET', '/workers'],
  ['jobs:write', 'POST', '/jobs'],
  ['jobs:write', 'DELETE', '/jobs/{id}'],
  ['jobs:write', 'POST', '/jobs/{id}/retry'],
  ['admin', 'GET', '/drain'],
  ['admin', 'POST', '/drain'],
  ['admin', 'POST', '/workers/w/drain'],
  ['admin', 'POST', '/admin/import'],
  ['admin', 'POST', '/Admin/Steal'],
  ['admin', 'POST', '/admin/trim'],
  ['admin', 'POST', '/admin/dead/{id}/drop'],
  ['admin', 'POST', '/admin/dead/{id}/requeue'],
];

test('a key opens what its scopes say and nothing else; one without scopes opens everything', async (t) => {
  const { url, bus } = await startTestServer(t, { apiKeys: KEYS });
  const jobId = await submit(bus.events);
  const opens = async (key: string, [, method, path]: (typeof REQUESTS)[number]): Promise<boolean> => {
    const response = await fetch(url + path.replace('{id}', jobId), {
      method,
      headers: { 'x-api-key': key },
    });
    await response.text();
    assert.notEqual(response.status, 401, path);
    return response.status !== 403;
  };
  for (const request of REQUESTS) {
    const [scope, ...address] = request;
    const opened = await Promise.all(
      ['r', 'w', 'c', 'a', 'rw', 'everything'].map((key) => opens(key, request)),
    );
    const has = (wanted: string): boolean => wanted === scope;
    const [read, write] = [has('jobs:read'), has('jobs:write')];
    assert.deepEqual(
      opened,
      [read, write, has('agent:chat'), has('admin'), read || write, true],
      address.join(' '),
    );
  }
});

test('who lacks a scope is told which', async (t) => {
  const { url } = await startTestServer(t, { apiKeys: KEYS });
  const refused = await fetch(`${url}/jobs`, { headers: { 'x-api-key': 'c' } });
  assert.equal(refused.status, 403);
  assert.equal(
    refused.headers.get('www-authenticate'),
    'Bearer realm="agenticore", error="insufficient_scope", scope="jobs:read"',
  );
  const { code, error } = await jsonOf(refused);
  assert.deepEqual(
    [code, error],
    ['AGENTICORE_INSUFFICIENT_SCOPE', 'This takes the scope jobs:read, which chat has not.'],
  );
});

test('the agent asks for agent:chat, and refuses in the words of its clients', async (t) => {
  const { url } = await startOpenAiServer(t, { apiKeys: KEYS });
  const ask = (key: string) => fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await ask('c')).status, 200);
  const refused = await ask('rw');
  assert.equal(refused.status, 403);
  const { error } = (await refused.json()) as { error: { type: string; code: string } };
  assert.deepEqual([error.type, error.code], ['permission_error', 'insufficient_scope']);
});

test('a hash may stand for the key, so that no key need be in the configuration', async (t) => {
  const of = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;
  const { url } = await startTestServer(t, {
    apiKeys: [`ci[jobs:read]:${of('k1')}`, of('k2'), `Ann:${of('k3').toUpperCase().replace('SHA', 'sha')}`],
  });
  const ask = async (key: string) => (await fetch(`${url}/jobs`, { headers: { 'x-api-key': key } })).status;
  assert.deepEqual(
    await Promise.all(['k1', 'k2', 'k3', of('k1'), of('k2')].map(ask)),
    [200, 200, 200, 401, 401],
  );
});

test('entries are read as people write them, and refused when they say nothing', () => {
  const read = (entry: string) => {
    const [key] = hashApiKeys([entry]);
    return [key?.name, key?.scopes];
  };
  assert.deepEqual(read('ann:a:b'), ['ann', SCOPES]);
  assert.deepEqual(read('ann[admin]:a[b]:c'), ['ann', ['admin']]);
  assert.match(String(read('a[b]c')[0]), /^key-[0-9a-f]{8}$/);
  assert.match(String(read(`sha256:${'ab'.repeat(32)}`)[0]), /^key-abababab$/);
  assert.deepEqual(read('sha256:short'), ['sha256', SCOPES]);
  for (const wrong of ['ann[]:k', 'ann[jobs]:k', 'ann[jobs:read,admin]:k', 'ann[admin]:', '[admin]:k'])
    assert.throws(
      () => hashApiKeys([wrong]),
      (error) => isCode(error, 'CONFIG_INVALID'),
      wrong,
    );
});
