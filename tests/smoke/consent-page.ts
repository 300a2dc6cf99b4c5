// The consent page in a real browser, which enforces what the page's headers ask of it. Not part of `npm test`:
//   apt-get install chromium && npm run build && node --test dist/tests/smoke/consent-page.js
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { chromium } from 'playwright-core';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { createOAuthServer } from '../../src/surfaces/oauth/oauth-server.js';
import { startTestServer } from '../surfaces/http/test-server.js';
import { createSdkClient } from '../surfaces/oauth/sdk-client.js';

const LOGIN_SECRET = 'correct horse battery';

/** A program on the person's machine that waits for the browser to come back; also an address that frames others. */
async function listenHere(
  t: { after(done: () => void): void },
  html = '',
): Promise<{
  readonly url: string;
  readonly called: Promise<URL>;
  free(): Promise<void>;
}> {
  let call: (url: URL) => void = () => {};
  const called = new Promise<URL>((resolve) => {
    call = resolve;
  });
  const server = createServer((req, res) => {
    call(new URL(req.url ?? '', 'http://127.0.0.1'));
    res.setHeader('content-type', 'text/html').end(html || '<title>Back</title>');
  }).listen(0, '127.0.0.1');
  t.after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const free = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, called, free };
}

test('a person reads the page in a browser, mistypes, says yes, and the client gets its token', async (t) => {
  const place = await listenHere(t);
  await place.free();
  const issuer = new URL(place.url);
  await startTestServer(t, {
    listen: { port: Number(issuer.port) },
    change: (deps) => ({
      ...deps,
      oauth: createOAuthServer({
        settings: {
          issuer,
          resource: new URL('/mcp', issuer),
          loginSecret: LOGIN_SECRET,
          client: undefined,
          allowedRedirectUris: [],
          allowedScopes: ['jobs:read', 'agent:chat'],
          dynamicRegistration: true,
        },
        ...{
          grants: deps.bus.grants,
          tallies: deps.bus.tallies,
          ping: deps.bus.ping,
          clock: systemClock,
          log: deps.log,
        },
      }),
    }),
  });
  const program = await listenHere(t);
  const client = createSdkClient(`${program.url}/callback`);
  const where = { serverUrl: new URL('/mcp', issuer) };
  assert.equal(await auth(client.provider, where), 'REDIRECT');

  const browser = await chromium.launch({
    executablePath: process.env.AGENTICORE_TEST_BROWSER ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(client.sentTo().href);
  assert.equal(await page.title(), 'Allow access to Agenticore?');
  assert.match(await page.locator('dl').innerText(), new RegExp(`It leads to\\s+${program.url}\\s`));
  assert.equal(await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth"), '512px');
  const shot = process.env.AGENTICORE_TEST_SCREENSHOT;
  if (shot !== undefined) await page.screenshot({ path: shot });

  const answer = async (secret: string): Promise<void> => {
    await page.getByLabel('The login secret of this server').fill(secret);
    await page.getByRole('button', { name: 'Allow' }).click();
  };
  await answer('a wrong one');
  await page.getByText('That is not the login secret.').waitFor();
  assert.deepEqual(complaints.splice(0).length, 1, 'the browser notes the 403, and nothing else');
  await answer(LOGIN_SECRET);
  const back = await program.called;
  await page.waitForURL(`${program.url}/callback?*`);
  assert.equal(await page.title(), 'Back');
  assert.deepEqual(complaints, []);

  const authorizationCode = back.searchParams.get('code') ?? '';
  assert.equal(await auth(client.provider, { ...where, authorizationCode }), 'AUTHORIZED');
  const headers = { authorization: `Bearer ${client.tokens().access_token}` };
  assert.equal((await fetch(new URL('/jobs', issuer), { headers })).status, 200);

  const framing = await listenHere(
    t,
    `<iframe src="${client.sentTo().href.replaceAll('&', '&amp;')}"></iframe>`,
  );
  await page.goto(framing.url);
  await page.waitForLoadState('load');
  assert.match(complaints.join(), /frame-ancestors|X-Frame-Options/i);
});
