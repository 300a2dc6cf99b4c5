// Everything that GitHub's API is asked goes through the proxy that the environment names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createApiRoute } from '../../../src/adapters/github/api-route.js';
import { createAppTokens } from '../../../src/adapters/github/app-tokens.js';
import { packagePath } from '../../../src/runtime/package-root.js';
import { makeCertificate } from '../../support/certificate.js';
import { tempDir } from '../../support/temp-dir.js';
import { LOGIN, openScene, refusedWith } from './behind-proxy.js';

const ROUTE = new URL('../../../src/adapters/github/api-route.js', import.meta.url).href;

describe('a pull request behind a proxy', () => {
  it('is opened through it alone, trusting what SSL_CERT_FILE names', async (t) => {
    const { certificate, shop, proxy, target, open } = await openScene(t);
    const opened = await open({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: certificate.path });
    assert.equal(opened.existed, false);
    assert.equal(shop.pulls.length, 1);
    assert.ok(proxy.tunnels.length > 0);
    assert.deepEqual([...new Set(proxy.tunnels)], [target]);
  });

  it('is opened through one that wants credentials, and one that speaks https itself', async (t) => {
    const folder = await tempDir(t);
    const its = makeCertificate(folder);
    const scene = await openScene(t, { login: LOGIN, certificate: its });
    const { certificate, shop, proxy, target, open } = scene;
    const bundle = join(folder, 'bundle.pem');
    writeFileSync(bundle, `${certificate.cert}\n${its.cert}`);
    await open({ ALL_PROXY: proxy.url, SSL_CERT_FILE: bundle });
    assert.equal(shop.pulls.length, 1);
    assert.deepEqual([...new Set(proxy.tunnels), proxy.refused()], [target, 0]);
  });

  it('over plain http is asked for without a tunnel', async (t) => {
    const { shop, proxy, target, open } = await openScene(t, { login: LOGIN }, 'http');
    await open({ http_proxy: proxy.url });
    assert.equal(shop.pulls.length, 1);
    assert.deepEqual(proxy.tunnels, []);
    assert.match(proxy.passedOn[0] ?? '', new RegExp(`^GET http://${target}/api/v3/repos/acme/shop/pulls`));
    await assert.rejects(
      open({ http_proxy: `http://me:wrong-one@${proxy.host}` }),
      refusedWith('PROXY_AUTH_FAILED', /does not accept .* address of http_proxy/),
    );
    assert.equal(proxy.refused(), 1);
  });

  it('goes past it where NO_PROXY says so, and without the variables there is none', async (t) => {
    const { github, certificate, shop, proxy, open } = await openScene(t);
    const variables = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: certificate.path };
    await open({ ...variables, NO_PROXY: '127.0.0.1' }, { at: github.host });
    await open({ ...variables, NO_PROXY: `localhost ${github.host}` }, { at: github.host });
    assert.deepEqual([shop.pulls.length, proxy.tunnels.length], [1, 0]);
    await open({ ...variables, NO_PROXY: '127.0.0.1:1' }, { at: github.host });
    assert.deepEqual([...new Set(proxy.tunnels)], [github.host]);
    assert.equal(await createApiRoute({ PATH: '/bin', NO_PROXY: '*' })(), undefined, "it is Node's own");
  });

  it("loads nothing that it does not need, and leaves the other requests of the process to Node's own", () => {
    const script = `
      const { createApiRoute } = await import(${JSON.stringify(ROUTE)});
      const dispatcher = Symbol.for('undici.globalDispatcher.1');
      await createApiRoute({ PATH: '/bin', NO_PROXY: '*' })();
      const isLoaded = dispatcher in globalThis;
      await createApiRoute({ https_proxy: 'http://127.0.0.1:1' })();
      const { Agent } = await import('undici');
      console.log(JSON.stringify([isLoaded, globalThis[dispatcher] instanceof Agent]));`;
    const args = ['--input-type=module', '--eval', script];
    const said = execFileSync(process.execPath, args, { cwd: packagePath('.'), encoding: 'utf8' });
    assert.deepEqual(JSON.parse(said), [false, false]);
  });

  it('is asked for with a token of an App that came the same way', async (t) => {
    const { github, certificate, proxy, target } = await openScene(t);
    const app = github.addApp('agenticore');
    app.install('acme');
    const tokens = createAppTokens({
      ...{ apiUrl: `https://${target}/api/v3`, appId: app.id, privateKey: app.privateKey },
      ...{ now: Date.now, onToken: () => {} },
      route: createApiRoute({ https_proxy: proxy.url, SSL_CERT_FILE: certificate.path }),
    });
    assert.match(String(await tokens.tokenFor({ owner: 'acme', name: 'shop' })), /^gh/);
    assert.deepEqual([...new Set(proxy.tunnels)], [target]);
  });
});
