// How a client comes to a token: discovery, registration, a person's yes, and what the token opens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auth, extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { Bus } from '../../../src/ports/bus.js';
import { jsonOf } from '../http/test-server.js';
import { ISSUER, LOGIN_SECRET, RESOURCE, startOAuth } from './oauth-kit.js';
import { answerPage, readPage, sayYes } from './person.js';
import { CALLBACK, createSdkClient } from './sdk-client.js';

test('the official client finds the way from a 401 to a token, and refreshes it', async (t) => {
  const { ask, opens } = await startOAuth(t);
  const client = createSdkClient();
  const refused = await ask(RESOURCE, { method: 'POST' });
  assert.equal(refused.status, 401);
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(refused);
  assert.equal(resourceMetadataUrl?.href, `${ISSUER}/.well-known/oauth-protected-resource/mcp`);
  const where = { serverUrl: RESOURCE, resourceMetadataUrl, fetchFn: ask };

  assert.equal(await auth(client.provider, where), 'REDIRECT');
  const back = await sayYes(ask, client.sentTo(), LOGIN_SECRET);
  assert.equal(back.href.split('?')[0], CALLBACK);
  assert.equal(back.searchParams.get('state'), 'the state');
  const authorizationCode = back.searchParams.get('code') ?? '';
  assert.equal(await auth(client.provider, { ...where, authorizationCode }), 'AUTHORIZED');
  const first = client.tokens();
  assert.equal(await opens(first.access_token), 200);
  assert.deepEqual([first.expires_in, first.scope], [900, 'jobs:read jobs:write agent:chat']);

  assert.equal(await auth(client.provider, where), 'AUTHORIZED'); // by its refresh token
  const second = client.tokens();
  assert.notEqual(second.access_token, first.access_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(await opens(second.access_token), 200);
});

test('the documents say what there is, of MCP and of the server as a whole', async (t) => {
  const { ask } = await startOAuth(t);
  const read = async (path: string) => jsonOf(await ask(`${ISSUER}/.well-known/${path}`));
  const server = await read('oauth-authorization-server');
  assert.equal(server.issuer, `${ISSUER}/`);
  assert.deepEqual(server.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(server.response_types_supported, ['code']);
  assert.deepEqual(server.scopes_supported, ['jobs:read', 'jobs:write', 'agent:chat']);
  for (const name of ['authorization', 'token', 'registration', 'revocation'])
    assert.match(String(server[`${name}_endpoint`]), /^https:\/\/agenticore\.example\/[a-z]+$/, name);
  for (const [path, resource] of [
    ['oauth-protected-resource/mcp', RESOURCE],
    ['oauth-protected-resource', `${ISSUER}/`],
  ] as const) {
    const document = await read(path);
    assert.deepEqual([document.resource, document.authorization_servers], [resource, [`${ISSUER}/`]]);
  }
  for (const nowhere of ['oauth-protected-resource/jobs', 'oauth-authorization-server/x'])
    assert.equal((await ask(`${ISSUER}/.well-known/${nowhere}`)).status, 401, nowhere);
  const rest = await ask(`${ISSUER}/jobs`, { headers: { authorization: 'Bearer no-token' } });
  assert.equal(
    rest.headers.get('www-authenticate'),
    `Bearer realm="agenticore", error="invalid_token", resource_metadata="${ISSUER}/.well-known/oauth-protected-resource"`,
  );
});

test('the page shows who asks for what, in its own words only, and cannot be framed', async (t) => {
  const { ask, register, authorise } = await startOAuth(t);
  const registered = await jsonOf(
    await register({ client_name: '<script>"&\'\u202e\n', redirect_uris: ['https://app.example/back'] }),
  );
  const { url } = authorise(String(registered.client_id), {
    redirect_uri: 'https://app.example/back',
    scope: 'jobs:read',
    state: '"><b>',
  });
  const page = await readPage(await ask(url));
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /<script|<b>/);
  assert.match(page.text, /&#60;script&#62;&#34;&#38;&#39; {3}\(/);
  assert.match(page.text, /https:\/\/app\.example</);
  assert.match(page.text, /https:\/\/agenticore\.example\/mcp/);
  assert.match(page.text, /\(jobs:read\)/);
  assert.doesNotMatch(page.text, /\(jobs:write\)/);
  assert.equal(page.fields.state, '"><b>');
  const policy = page.headers.get('content-security-policy') ?? '';
  for (const part of [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'self' https://app.example",
  ])
    assert.ok(policy.includes(part), policy);
  assert.equal(page.headers.get('x-frame-options'), 'DENY');
  assert.equal(page.headers.get('cache-control'), 'no-store');
});

test('nobody is let in without the login secret, and a no is a no', async (t) => {
  const { ask, clientId, authorise, server } = await startOAuth(t);
  const { url } = authorise(await clientId());
  const page = await readPage(await ask(url));
  const answer = (fields: Record<string, string>, headers?: Record<string, string>) =>
    answerPage(ask, url, page, fields, headers);
  const right = { decision: 'allow', login_secret: LOGIN_SECRET };

  assert.equal((await answer({ decision: 'allow' })).status, 403);
  const wrong = await readPage(await answer({ decision: 'allow', login_secret: 'correct horse batterz' }));
  assert.equal(wrong.status, 403);
  assert.match(wrong.text, /That is not the login secret/);
  assert.deepEqual(wrong.fields, page.fields, 'it can be tried again');
  assert.doesNotMatch(wrong.text, /batterz/);
  assert.equal((await answer(right, { origin: 'https://evil.example' })).status, 403);
  assert.equal((await answer(right, { origin: 'null' })).status, 403);
  const asQuery = new URL(url);
  for (const [name, value] of Object.entries(right)) asQuery.searchParams.set(name, value);
  assert.equal((await ask(asQuery)).status, 200, 'a link shows the page, and no more');

  const denied = new URL((await answer({ decision: 'deny' })).headers.get('location') ?? '');
  assert.deepEqual(
    [denied.searchParams.get('error'), denied.searchParams.get('state'), denied.searchParams.get('code')],
    ['access_denied', 's', null],
  );
  assert.equal((await answer(right)).status, 302);
  assert.doesNotMatch(JSON.stringify(server.facts), /horse|agcode/);
});

test('guessing the login secret ends soon, also for who guesses right at last', async (t) => {
  const { ask, clientId, authorise } = await startOAuth(t);
  const { url } = authorise(await clientId());
  const page = await readPage(await ask(url));
  const guess = async (login_secret: string) =>
    answerPage(ask, url, page, { decision: 'allow', login_secret });
  const guesses = await Promise.all(Array.from({ length: 30 }, (_, nth) => guess(`guess ${nth}`)));
  assert.equal(guesses.filter(({ status }) => status === 403).length, 10);
  assert.equal(guesses.filter(({ status }) => status === 429).length, 20);
  const late = await guess(LOGIN_SECRET);
  assert.deepEqual([late.status, late.headers.get('retry-after')], [429, '900']);
});

test('a token opens what its scopes say, beside keys, and a configuration can take scopes away', async (t) => {
  const { dance, ask, opens, server } = await startOAuth(t, {}, { apiKeys: ['ci:k'] });
  const { access, clientId } = await dance({ scope: 'jobs:read' });
  assert.equal(await opens(access), 200);
  assert.equal(await opens(access, '/drain'), 403);
  const refused = await ask(`${ISSUER}/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access}` },
  });
  assert.equal(refused.status, 403);
  const { error, scope } = extractWWWAuthenticateParams(refused);
  assert.deepEqual([error, scope], ['insufficient_scope', 'jobs:write']);
  assert.equal(await opens('k', '/drain'), 200);
  assert.equal((await ask(`${ISSUER}/jobs`, { headers: { 'x-api-key': access } })).status, 401);
  const facts = server.facts.filter(({ fact }) => fact === 'http.request');
  assert.ok(facts.some(({ fields }) => fields.caller === `oauth:${clientId}`));
});

test('a code is kept for a minute, an access token for a quarter of an hour, a grant for a month of silence', async (t) => {
  const kept: number[] = [];
  const wrapBus = (bus: Bus): Bus => {
    const { grants } = bus;
    const put: typeof grants.put = (kind, id, text, ttlMs) => {
      if (kind === 'grant') kept.push(ttlMs);
      return grants.put(kind, id, text, ttlMs);
    };
    const replace: typeof grants.replace = (kind, id, before, after, ttlMs) => {
      kept.push(ttlMs);
      return grants.replace(kind, id, before, after, ttlMs);
    };
    return { ...bus, grants: { ...grants, put, replace } };
  };
  const { dance, pass, opens } = await startOAuth(t, {}, { wrapBus });
  const { access } = await dance();
  assert.deepEqual(kept, [60_000, 30 * 86_400_000]);
  pass(899_000);
  assert.equal(await opens(access), 200);
  pass(2_000);
  assert.equal(await opens(access), 401);
});

test('a bus that is away is told as such: no client throws its tokens away for it', async (t) => {
  let isAway = false;
  const { dance, ask, opens, token } = await startOAuth(
    t,
    {},
    {
      wrapBus: (bus) => {
        const away = async () => {
          if (isAway) throw new AgenticoreError('BUS_UNREACHABLE');
        };
        const find: typeof bus.grants.find = async (...args) => {
          await away();
          return bus.grants.find(...args);
        };
        return { ...bus, ping: away, grants: { ...bus.grants, find } };
      },
    },
  );
  const { access, refresh, clientId } = await dance();
  isAway = true;
  assert.equal(await opens(access), 503);
  const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refresh };
  assert.equal((await token(fields)).status, 503);
  const register = await ask(`${ISSUER}/register`, { method: 'POST' });
  assert.deepEqual([register.status, register.headers.get('retry-after')], [503, '5']);
  isAway = false;
  assert.equal(await opens(access), 200);
  assert.equal((await token(fields)).status, 200);
});
