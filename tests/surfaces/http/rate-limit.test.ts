// How often a caller may come: counted on the bus, whichever process and surface is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { HttpDeps } from '../../../src/surfaces/http/http-deps.js';
import { type Json, jsonOf, startTestServer } from './test-server.js';

const limitTo = (rateLimitPerMinute: number) => (deps: HttpDeps) => ({ ...deps, rateLimitPerMinute });

test('a caller who comes too often is refused in the words of each surface, and others are not', async (t) => {
  const { url, facts } = await startTestServer(t, { apiKeys: ['a:ka', 'a:ka2', 'b:kb'], change: limitTo(3) });
  const ask = (path: string, key: string, method = 'GET') =>
    fetch(`${url}${path}`, { method, headers: { 'x-api-key': key } });
  const first = await ask('/jobs', 'ka');
  assert.equal(first.headers.get('ratelimit-policy'), '"caller";q=3;w=60');
  assert.match(first.headers.get('ratelimit') ?? '', /^"caller";r=2;t=(60|5\d)$/);
  assert.equal((await ask('/profiles', 'ka2')).status, 200, 'keys of one name are one caller');
  assert.equal((await ask('/nothing', 'ka')).status, 404);

  const told: Record<string, (body: Json) => unknown> = {
    '/jobs': ({ code }) => code,
    '/v1/models': ({ error }) => (error as Json).code,
    '/mcp': ({ error }) => ((error as Json).data as Json).code,
  };
  const codes: unknown[] = [];
  for (const [path, codeOf] of Object.entries(told)) {
    const refused = await ask(path, 'ka2');
    assert.equal(refused.status, 429, path);
    assert.match(refused.headers.get('ratelimit') ?? '', /^"caller";r=0;/);
    assert.ok(Number(refused.headers.get('retry-after')) > 50, path);
    codes.push(codeOf(await jsonOf(refused)));
  }
  assert.deepEqual(codes, ['AGENTICORE_RATE_LIMITED', 'rate_limit_exceeded', 'AGENTICORE_RATE_LIMITED']);
  assert.equal((await ask('/jobs', 'kb')).status, 200);
  for (const path of ['/health', '/ready', '/metrics', '/drain'])
    assert.equal((await ask(path, 'ka')).status, 200, 'what looks after the server is not counted');
  assert.ok(facts.every(({ level }) => level !== 'error'));
});

test('who is not asked for a key is known by the address', async (t) => {
  const { url } = await startTestServer(t, { change: limitTo(1) });
  assert.equal((await fetch(`${url}/jobs`)).status, 200);
  assert.equal((await fetch(`${url}/jobs`)).status, 429);
});

test('nothing is counted where there is no limit', async (t) => {
  const { url } = await startTestServer(t, { wrapBus: (bus) => withTallies(bus, assert.fail) });
  const answer = await fetch(`${url}/jobs`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('ratelimit'), null);
});

test('while the bus is away nobody is refused for coming too often', async (t) => {
  const away = async () => {
    throw new AgenticoreError('BUS_UNREACHABLE');
  };
  const { url } = await startTestServer(t, { change: limitTo(1), wrapBus: (bus) => withTallies(bus, away) });
  for (const _ of [1, 2]) assert.equal((await fetch(`${url}/profiles`)).status, 200);
});

const withTallies = (bus: Bus, count: Bus['tallies']['count']): Bus => ({ ...bus, tallies: { count } });
