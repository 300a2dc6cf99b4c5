// What is refused: codes, tokens, addresses and proofs that are not what they should be.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { jsonOf } from '../http/test-server.js';
import { type Authorisation, ISSUER, type OAuthKit, REDIRECT, RESOURCE, startOAuth } from './oauth-kit.js';

/** The error that a client is sent back with; undefined when nobody is sent anywhere. */
async function errorAt(kit: OAuthKit, { url }: Authorisation): Promise<string | null | undefined> {
  const response = await kit.ask(url);
  await response.text();
  const location = response.headers.get('location');
  return location === null ? undefined : new URL(location).searchParams.get('error');
}

const refresh = (kit: OAuthKit, client_id: string, refresh_token: string, more = {}) =>
  kit.token({ grant_type: 'refresh_token', client_id, refresh_token, ...more });

test('a replayed code is refused, and ends what came of it', async (t) => {
  const kit = await startOAuth(t);
  const { clientId, code, authorisation, access, refresh: token } = await kit.dance();
  assert.equal(await kit.opens(access), 200);
  const replayed = await kit.redeem(clientId, code, authorisation);
  assert.deepEqual([replayed.status, replayed.body.error], [400, 'invalid_grant']);
  assert.equal(await kit.opens(access), 401);
  assert.equal((await refresh(kit, clientId, token)).body.error, 'invalid_grant');
  assert.ok(kit.server.facts.some(({ fact }) => fact === 'oauth.stolen'));
});

test('of many who redeem one code at once, one at most gets tokens, and none keeps them', async (t) => {
  const kit = await startOAuth(t);
  const clientId = await kit.clientId();
  const authorisation = kit.authorise(clientId);
  const code = await kit.code(authorisation);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => kit.redeem(clientId, code, authorisation)),
  );
  const lucky = answers.filter(({ status }) => status === 200);
  assert.equal(lucky.length, 1);
  assert.equal(await kit.opens(lucky[0]?.body.access_token), 401);
});

test('a refresh token is good once: who uses an old one ends all of the grant', async (t) => {
  const kit = await startOAuth(t);
  const other = await kit.dance();
  const { clientId, access, refresh: stolen } = await kit.dance();
  const second = await refresh(kit, clientId, stolen);
  assert.equal(second.status, 200);
  assert.equal(await kit.opens(access), 200, 'a token given before is good to its end');
  assert.equal((await refresh(kit, clientId, stolen)).body.error, 'invalid_grant');
  for (const token of [access, second.body.access_token]) assert.equal(await kit.opens(token), 401);
  assert.equal((await refresh(kit, clientId, String(second.body.refresh_token))).body.error, 'invalid_grant');
  assert.equal(await kit.opens(other.access), 200, "another person's grant is not touched");
});

test('codes and tokens are of the client that they were given to', async (t) => {
  const kit = await startOAuth(t);
  const { clientId, access, refresh: token } = await kit.dance();
  const thief = await kit.clientId();
  assert.equal((await refresh(kit, thief, token)).body.error, 'invalid_grant');
  const authorisation = kit.authorise(clientId);
  const code = await kit.code(authorisation);
  assert.equal((await kit.redeem(thief, code, authorisation)).body.error, 'invalid_grant');
  await revoke(kit, thief, token);
  assert.equal(await kit.opens(access), 200);
  assert.equal((await kit.redeem(clientId, code, authorisation)).status, 200, 'its own client still may');
  for (const wrong of [access, code, 'x', `${token}x`])
    assert.equal((await refresh(kit, clientId, wrong)).body.error, 'invalid_grant', wrong);
  for (const wrong of [token, code, access.slice(0, -1), 'agaccess.x.y'])
    assert.equal(await kit.opens(wrong), 401, wrong);
});

test('nobody is sent to an address that the client has not registered', async (t) => {
  const kit = await startOAuth(t);
  const clientId = await kit.clientId();
  for (const redirect_uri of [
    'https://evil.example/cb',
    'http://127.0.0.1:4711/cb/',
    'http://127.0.0.1:4711/cb?x=1',
    'https://127.0.0.1:4711/cb',
    'http://localhost:4711/cb',
    'http://127.0.0.1.evil.example:4711/cb',
    'http://user@127.0.0.1:4711/other',
  ]) {
    const response = await kit.ask(kit.authorise(clientId, { redirect_uri }).url);
    assert.deepEqual([response.status, response.headers.get('location')], [400, null], redirect_uri);
  }
  const otherPort = kit.authorise(clientId, { redirect_uri: 'http://127.0.0.1:9/cb' });
  assert.equal((await kit.ask(otherPort.url)).status, 200, 'a native program takes whichever port is free');
  const unknown = await kit.ask(kit.authorise('nobody').url);
  assert.deepEqual([unknown.status, unknown.headers.get('location')], [400, null]);

  const authorisation = kit.authorise(clientId);
  const code = await kit.code(authorisation);
  const elsewhere = { redirect_uri: 'http://127.0.0.1:1/cb' };
  assert.equal((await kit.redeem(clientId, code, authorisation, elsewhere)).body.error, 'invalid_grant');
});

test('PKCE is S256 or nothing', async (t) => {
  const kit = await startOAuth(t);
  const clientId = await kit.clientId();
  for (const fields of [
    { code_challenge_method: 'plain' },
    { code_challenge_method: '' },
    { code_challenge: '' },
    { response_type: 'token' },
  ])
    assert.equal(await errorAt(kit, kit.authorise(clientId, fields)), 'invalid_request');

  const authorisation = kit.authorise(clientId);
  const code = await kit.code(authorisation);
  const challenge = createHash('sha256').update(authorisation.verifier).digest('base64url');
  for (const code_verifier of [challenge, 'x'.repeat(43), ''])
    assert.equal((await kit.redeem(clientId, code, authorisation, { code_verifier })).status, 400);
  assert.equal((await kit.redeem(clientId, code, authorisation)).status, 200);
});

test('a token is for this server: a foreign resource is refused, on every way', async (t) => {
  const kit = await startOAuth(t);
  const clientId = await kit.clientId();
  for (const resource of ['https://other.example/mcp', `${ISSUER}.evil.example/mcp`, `${RESOURCE}/x`])
    assert.equal(await errorAt(kit, kit.authorise(clientId, { resource })), 'invalid_target', resource);

  const authorisation = kit.authorise(clientId, { resource: ISSUER });
  const code = await kit.code(authorisation);
  const foreign = { resource: 'https://other.example/mcp' };
  assert.equal((await kit.redeem(clientId, code, authorisation, foreign)).body.error, 'invalid_target');
  const mine = await kit.redeem(clientId, code, authorisation, { resource: ISSUER });
  assert.equal(mine.status, 200);
  const next = await refresh(kit, clientId, String(mine.body.refresh_token), foreign);
  assert.equal(next.body.error, 'invalid_target');
});

test('the audience of a token is checked when it is used', async (t) => {
  const kit = await startOAuth(t);
  const { access } = await kit.dance();
  const [, grantId = ''] = access.split('.');
  const grant = await kit.server.bus.grants.find('grant', grantId);
  const foreign = JSON.stringify({ ...JSON.parse(grant ?? ''), resource: 'https://other.example/mcp' });
  await kit.server.bus.grants.put('grant', grantId, foreign, 60_000);
  assert.equal(await kit.opens(access), 401);
});

test('scopes are those that may be had, and a refresh can only give fewer', async (t) => {
  const kit = await startOAuth(t);
  const clientId = await kit.clientId();
  for (const scope of ['admin', 'jobs:read admin', 'jobs:everything'])
    assert.equal(await errorAt(kit, kit.authorise(clientId, { scope })), 'invalid_scope', scope);
  const granted = await kit.dance({ scope: 'jobs:read agent:chat' });
  const more = await refresh(kit, granted.clientId, granted.refresh, { scope: 'jobs:read jobs:write' });
  assert.equal(more.body.error, 'invalid_scope');
  const fewer = await refresh(kit, granted.clientId, granted.refresh, { scope: 'agent:chat' });
  assert.equal(fewer.body.scope, 'agent:chat');
  assert.equal(await kit.opens(fewer.body.access_token), 403);
  const again = await refresh(kit, granted.clientId, String(fewer.body.refresh_token));
  assert.equal(again.body.scope, 'jobs:read agent:chat');
});

const revoke = async (kit: OAuthKit, client_id: string, token: string): Promise<number> =>
  (await kit.ask(`${ISSUER}/revoke`, { method: 'POST', body: new URLSearchParams({ client_id, token }) }))
    .status;

test('a revoked token is good no longer: an access token alone, a refresh token with all of its grant', async (t) => {
  const kit = await startOAuth(t);
  const { clientId, access, refresh: token } = await kit.dance();
  assert.equal(await revoke(kit, clientId, access), 200);
  assert.equal(await kit.opens(access), 401);
  const next = await refresh(kit, clientId, token);
  assert.equal(await kit.opens(next.body.access_token), 200);
  assert.equal(await revoke(kit, clientId, String(next.body.refresh_token)), 200);
  assert.equal(await kit.opens(next.body.access_token), 401);
  assert.equal(await revoke(kit, clientId, 'what is that?'), 200);
});

test('clients register harmless addresses only, keep no secret, and not too many come', async (t) => {
  const kit = await startOAuth(t);
  for (const uri of [
    'http://evil.example/cb',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'cursor://anything/cb',
    `${REDIRECT}#fragment`,
    'not an address',
  ]) {
    const refused = await kit.register({ redirect_uris: [REDIRECT, uri] });
    const { error } = await jsonOf(refused);
    assert.deepEqual([refused.status, error], [400, 'invalid_client_metadata'], uri);
  }
  assert.equal((await kit.register({ redirect_uris: [] })).status, 400);
  const confidential = await kit.register({ token_endpoint_auth_method: 'client_secret_post' });
  const client = await jsonOf(confidential);
  assert.deepEqual(
    [confidential.status, client.token_endpoint_auth_method, client.client_secret],
    [201, 'none', undefined],
  );
  const rest = await Promise.all(Array.from({ length: 20 }, () => kit.register()));
  assert.deepEqual(
    rest.map(({ status }) => status).sort(),
    [...Array(12).fill(201), ...Array(8).fill(429)],
    'eight had tried before',
  );
});

test('where addresses are listed, clients register those, and programs on the own machine', async (t) => {
  const kit = await startOAuth(t, {
    allowedRedirectUris: ['cursor://anysphere/cb', 'https://app.example/cb'],
  });
  const status = async (uri: string) => (await kit.register({ redirect_uris: [uri] })).status;
  for (const uri of ['cursor://anysphere/cb', 'https://app.example/cb', REDIRECT, 'http://[::1]:1/cb'])
    assert.equal(await status(uri), 201, uri);
  for (const uri of ['cursor://anysphere/other', 'https://app.example/cb2', 'https://other.example/cb'])
    assert.equal(await status(uri), 400, uri);
});

test('the client of the configuration needs its secret, and others may be kept out', async (t) => {
  const secret = 'a secret of sixteen or more';
  const kit = await startOAuth(t, {
    client: { id: 'librechat', secret },
    allowedRedirectUris: ['https://chat.example/cb'],
    dynamicRegistration: false,
  });
  assert.equal((await kit.register()).status, 401, 'there is no such address for strangers');
  const metadata = await jsonOf(await kit.ask(`${ISSUER}/.well-known/oauth-authorization-server`));
  assert.equal(metadata.registration_endpoint, undefined);

  const authorisation = kit.authorise('librechat', { redirect_uri: 'https://chat.example/cb' });
  const code = await kit.code(authorisation);
  for (const client_secret of ['', 'wrong', `${secret} `]) {
    const refused = await kit.redeem('librechat', code, authorisation, { client_secret });
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client'], client_secret);
  }
  const { status, body } = await kit.redeem('librechat', code, authorisation, { client_secret: secret });
  assert.equal(status, 200);
  assert.equal(await kit.opens(body.access_token), 200);
  assert.equal((await refresh(kit, 'librechat', String(body.refresh_token))).status, 401);
});

test('what is on the bus opens nothing: no code, no token', async (t) => {
  const kit = await startOAuth(t);
  const { access, refresh: token, code } = await kit.dance();
  const [, grantId = ''] = access.split('.');
  const grant = (await kit.server.bus.grants.find('grant', grantId)) ?? '';
  for (const secret of [access, token, code]) {
    const [, , random = ''] = secret.split('.');
    assert.ok(random.length > 40 && !grant.includes(random));
  }
});
