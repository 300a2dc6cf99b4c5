// GitHub behind a proxy, with a certificate of an authority of its own: everything that its API is asked goes that way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createApiRoute } from '../../../src/adapters/github/api-route.js';
import { createAppTokens } from '../../../src/adapters/github/app-tokens.js';
import { createGithubCodeHost } from '../../../src/adapters/github/code-host.js';
import { createGithubCredentials } from '../../../src/adapters/github/credentials.js';
import type { NetworkVariables } from '../../../src/adapters/github/proxy-of.js';
import { createRoutedFetch } from '../../../src/adapters/github/routed-fetch.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import type { OpenPullRequest, PullRequestOrder } from '../../../src/ports/code-host.js';
import { packagePath } from '../../../src/runtime/package-root.js';
import { type Certificate, makeCertificate } from '../../support/certificate.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { type GitHub, startGitHub } from '../../support/github/github.js';
import type { Repository } from '../../support/github/world.js';
import { type ProxyDouble, type ProxyOptions, startProxy } from '../../support/proxy.js';
import { tempDir } from '../../support/temp-dir.js';

const never = new AbortController().signal;
/** Only the proxy of these tests finds it. */
const NAME = 'ghe.example';
const ROUTE = new URL('../../../src/adapters/github/api-route.js', import.meta.url).href;
const LOGIN = 'me:pa@ss/word';

interface Scene {
  readonly github: GitHub;
  readonly certificate: Certificate;
  readonly shop: Repository;
  readonly proxy: ProxyDouble;
  /** `ghe.example:<port>`. */
  readonly target: string;
  readonly folder: string;
  /** Asks for the pull request with these variables. */
  open(
    variables: NetworkVariables,
    more?: { readonly at?: string; readonly patienceMs?: number },
  ): Promise<OpenPullRequest>;
}

async function openScene(t: TestContext, options: ProxyOptions = {}, scheme = 'https'): Promise<Scene> {
  const folder = await tempDir(t);
  const certificate = makeCertificate(folder, NAME);
  const github = await startGitHub(scheme === 'https' ? certificate : undefined);
  t.after(() => github.close());
  const proxy = await startProxy(options);
  t.after(() => proxy.close());
  const remote = createSampleRemote(folder, 'shop', { 'a.txt': 'one\n' });
  remote.commit({ 'b.txt': 'two\n' }, { branch: 'work', from: 'main' });
  const shop = github.addRepository('acme/shop', remote);
  const token = github.addToken('octo-bot');
  const target = github.host.replace('127.0.0.1', NAME);
  return {
    ...{ github, certificate, shop, proxy, target, folder },
    open(variables, { at = target, patienceMs } = {}) {
      const apiUrl = `${scheme}://${at}/api/v3`;
      const route =
        patienceMs === undefined
          ? createApiRoute(variables)
          : async () => createRoutedFetch(variables, patienceMs);
      const credentials = createGithubCredentials({ apiUrl, token });
      const order: PullRequestOrder = {
        repoUrl: `${scheme}://${at}/acme/shop.git`,
        ...{ branch: 'work', base: 'main', title: 'Work', body: 'Done.', draft: false },
        ...{ labels: [], reviewers: [], assignees: [] },
      };
      return createGithubCodeHost({ apiUrl, credentials, route, secondMs: 1 }).openPullRequest(order, never);
    },
  };
}

/** Refused with the code and the words, and with no credentials anywhere in it. */
const refusedWith =
  (code: ErrorCode, ...words: readonly RegExp[]) =>
  (error: unknown) => {
    assert.ok(isCode(error, code), String(error));
    for (const each of words) assert.match(String(error), each);
    const whole: string[] = [];
    for (let each = error; each instanceof Error; each = each.cause)
      whole.push(String(each.stack), JSON.stringify(each), JSON.stringify(Object.entries(each)));
    for (const secret of [LOGIN, 'pa@ss', 'pa%40ss', Buffer.from(LOGIN).toString('base64')])
      assert.ok(!whole.join().includes(secret), whole.join());
    return true;
  };

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

describe('a pull request that the proxy keeps us from', () => {
  it('needs other credentials: told at once, never tried again', async (t) => {
    const { proxy, certificate, open } = await openScene(t, { login: LOGIN });
    const SSL_CERT_FILE = certificate.path;
    await assert.rejects(
      open({ HTTPS_PROXY: `http://${proxy.host}`, SSL_CERT_FILE }),
      refusedWith(
        'PROXY_AUTH_FAILED',
        /The proxy 127\S+ \(HTTPS_PROXY\) asks for a user and a password \(407\)/,
      ),
    );
    await assert.rejects(
      open({ HTTPS_PROXY: `http://me:pa%40ss@${proxy.host}`, SSL_CERT_FILE }),
      refusedWith(
        'PROXY_AUTH_FAILED',
        /does not accept the user and the password/,
        /special characters as %XX/,
      ),
    );
    assert.deepEqual([proxy.refused(), proxy.tunnels], [2, []]);
  });

  it('does not let us through: told at once', async (t) => {
    const { proxy, target, open } = await openScene(t, { status: 403 });
    await assert.rejects(
      open({ HTTPS_PROXY: proxy.url }),
      refusedWith(
        'PROXY_REFUSED',
        new RegExp(`through to ${target} \\(403\\)`),
        /name ghe\.example in NO_PROXY/,
      ),
    );
    assert.equal(proxy.refused(), 1);
  });

  it('fails, hangs or is not there: transient, tried again a little', async (t) => {
    const failing = await openScene(t, { status: 503 });
    await assert.rejects(
      failing.open({ HTTPS_PROXY: failing.proxy.url }),
      refusedWith('PROXY_UNREACHABLE', /cannot reach ghe\.example:\d+ now \(503\)/),
    );
    assert.equal(failing.proxy.refused(), 3);
    const words = /The proxy 127\S+ \(HTTPS_PROXY\) does not answer \(.+\); look at it and at HTTPS_PROXY/;
    for (const fault of ['silent', 'cut'] as const) {
      const { proxy, open } = await openScene(t, { fault, login: LOGIN });
      await assert.rejects(
        open({ HTTPS_PROXY: proxy.url }, { patienceMs: 100 }),
        refusedWith('PROXY_UNREACHABLE', words),
      );
      assert.equal(proxy.refused(), 3, fault);
    }
    const mute = await openScene(t, { fault: 'mute' });
    await assert.rejects(
      mute.open({ HTTPS_PROXY: mute.proxy.url }, { patienceMs: 100 }),
      refusedWith(
        'CODE_HOST_UNREACHABLE',
        /ghe\.example:\d+ cannot be reached through the proxy 127\S+ \(HTTPS_PROXY\)/,
      ),
    );
    const { open } = await openScene(t);
    await assert.rejects(
      open({ HTTPS_PROXY: 'http://me:pa%40ss@127.0.0.1:1' }),
      refusedWith('PROXY_UNREACHABLE', words, /ECONNREFUSED/),
    );
  });

  it('shows a certificate that is not trusted, or what lies behind it does: whose is said, once', async (t) => {
    const folder = await tempDir(t);
    const { proxy, certificate, open } = await openScene(t, { certificate: makeCertificate(folder) });
    await assert.rejects(
      open({ HTTPS_PROXY: proxy.url, SSL_CERT_FILE: certificate.path }),
      refusedWith(
        'CERTIFICATE_UNTRUSTED',
        /certificate of the proxy 127\S+ \(HTTPS_PROXY\) is not trusted \(/,
        /SSL_CERT_FILE/,
      ),
    );
    const { proxy: plain, github, open: ask } = await openScene(t);
    await assert.rejects(
      ask({ HTTPS_PROXY: plain.url }),
      refusedWith(
        'CERTIFICATE_UNTRUSTED',
        /certificate of ghe\.example:\d+, as it comes through the proxy 127\S+ \(HTTPS_PROXY\), is not trusted \(.+\); set SSL_CERT_FILE/,
      ),
    );
    assert.equal(plain.tunnels.length, 1);
    await assert.rejects(
      ask({}, { at: github.host }),
      refusedWith('CERTIFICATE_UNTRUSTED', /certificate of 127\S+ is not trusted/),
    );
  });

  it('or a file that is none: told with the variable', async (t) => {
    const { folder, open } = await openScene(t);
    await assert.rejects(
      open({ SSL_CERT_FILE: join(folder, 'nowhere.pem') }),
      refusedWith('CONFIG_INVALID', /SSL_CERT_FILE names cannot be read: ENOENT/),
    );
    writeFileSync(join(folder, 'empty.pem'), 'nothing\n');
    await assert.rejects(
      open({ SSL_CERT_FILE: join(folder, 'empty.pem') }),
      refusedWith('CONFIG_INVALID', /SSL_CERT_FILE names holds no certificate/),
    );
  });
});
