// What becomes of a pull request when the proxy, or a certificate, is in the way.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createRoutedFetch } from '../../../src/adapters/github/routed-fetch.js';
import { makeCertificate } from '../../support/certificate.js';
import { startProxy } from '../../support/proxy.js';
import { tempDir } from '../../support/temp-dir.js';
import { LOGIN, NAME, openScene, refusedWith } from './behind-proxy.js';

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
    for (const status of [408, 429, 503]) {
      const { proxy, open } = await openScene(t, { status });
      await assert.rejects(
        open({ HTTPS_PROXY: proxy.url }),
        refusedWith('PROXY_UNREACHABLE', new RegExp(`cannot reach ghe\\.example:\\d+ now \\(${status}\\)`)),
      );
      assert.equal(proxy.refused(), 3, String(status));
    }
    const words = /The proxy 127\S+ \(HTTPS_PROXY\) does not answer \(.+\); look at it and at HTTPS_PROXY/;
    for (const fault of ['silent', 'cut'] as const) {
      const { proxy, open } = await openScene(t, { fault, login: LOGIN });
      await assert.rejects(
        open({ HTTPS_PROXY: proxy.url }, { patienceMs: 100 }),
        refusedWith('PROXY_UNREACHABLE', words),
      );
      assert.equal(proxy.refused(), 3, fault);
    }
    const silent = await startProxy({ fault: 'silent' });
    t.after(() => silent.close());
    const fetchBy = createRoutedFetch({ HTTPS_PROXY: silent.url });
    await assert.rejects(
      fetchBy(`https://${NAME}/api/v3/app`, { signal: AbortSignal.timeout(50) }),
      refusedWith(
        'CODE_HOST_UNREACHABLE',
        /ghe\.example cannot be reached through the proxy 127\S+ .*timeout/,
      ),
    );
    await assert.rejects(
      fetchBy(`https://${NAME}/api/v3/app`, { signal: AbortSignal.abort('handed-back') }),
      (reason) => reason === 'handed-back',
    );
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
