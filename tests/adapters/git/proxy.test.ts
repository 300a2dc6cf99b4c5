import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { remoteFailure } from '../../../src/adapters/git/failure.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import { makeCertificate } from '../../support/certificate.js';
import { type GitHub, startGitHub } from '../../support/github/github.js';
import { startProxy } from '../../support/proxy.js';
import { tempDir } from '../../support/temp-dir.js';
import { openRoom } from './bench-room.js';

async function startOver(t: TestContext): Promise<GitHub> {
  const github = await startGitHub(makeCertificate(await tempDir(t)));
  t.after(() => github.close());
  return github;
}

async function fetchBy(t: TestContext, github: GitHub, env: Record<string, string>): Promise<unknown> {
  const path = { PATH: process.env.PATH ?? '' };
  const allowed = { allowedProtocols: ['https'], allowedHosts: ['127.0.0.1'] } as const;
  const room = await openRoom(t, { ...allowed, env: { ...path, ...env } });
  return room.open({ repoUrl: `${github.url}/acme/shop` });
}

const failsWith = (code: ErrorCode, words: RegExp) => (error: unknown) => {
  assert.ok(isCode(error, code), String(error));
  assert.match(String(error), words);
  assert.doesNotMatch(String(error), /secret-1/);
  return true;
};

describe('a repository behind a proxy that is in the way', () => {
  it('says that it is the proxy, and whether to come again', async (t) => {
    const github = await startOver(t);
    const cases = [
      [{ login: 'me:secret-2' }, 'PROXY_AUTH_FAILED', /address of HTTPS_PROXY/],
      [{ status: 403 }, 'PROXY_REFUSED', /name the host in NO_PROXY/],
      [{ status: 408 }, 'PROXY_UNREACHABLE', /The proxy does not answer/],
      [{ status: 429 }, 'PROXY_UNREACHABLE', /The proxy does not answer/],
      [{ status: 503 }, 'PROXY_UNREACHABLE', /The proxy does not answer/],
      [{ fault: 'cut' }, 'PROXY_UNREACHABLE', /The proxy does not answer/],
    ] as const;
    for (const [how, code, words] of cases) {
      const proxy = await startProxy(how);
      t.after(() => proxy.close());
      const env = { HTTPS_PROXY: `http://me:secret-1@${proxy.host}` };
      await assert.rejects(fetchBy(t, github, env), failsWith(code, words));
    }
    assert.deepEqual(github.requests, []);
  });

  it('says that of a proxy that is not there too', async (t) => {
    const github = await startOver(t);
    const proxy = await startProxy();
    await proxy.close();
    const env = { HTTPS_PROXY: `http://me:secret-1@${proxy.host.replace('127.0.0.1', 'localhost')}` };
    await assert.rejects(
      fetchBy(t, github, env),
      failsWith('PROXY_UNREACHABLE', /The proxy does not answer/),
    );
  });

  it('is not blamed for a repository that is not there', () => {
    const said = (url: string, to: string) => ({
      ...{ exitCode: 128, timedOut: false, cut: false, stdout: Buffer.alloc(0) },
      stderr: `fatal: unable to access '${url}': Failed to connect to ${to} after 0 ms: Couldn't connect to server\n`,
    });
    for (const [url, to, code] of [
      ['https://git.example/a/b/', 'git.example port 443', 'REPOSITORY_UNREACHABLE'],
      ['https://git.example:8443/a/b/', 'git.example port 8443', 'REPOSITORY_UNREACHABLE'],
      ['https://[::1]:8443/a/b/', '::1 port 8443', 'REPOSITORY_UNREACHABLE'],
      ['https://git.example/a/b/', 'proxy.example port 3128', 'PROXY_UNREACHABLE'],
      ['https://git.example/a/b/', 'git.example port 443 via proxy.example', 'PROXY_UNREACHABLE'],
    ] as const)
      assert.equal(remoteFailure(said(url, to)).code, code, `${url} ${to}`);
  });

  it('says which variable a certificate that is not trusted asks for', async (t) => {
    const github = await startOver(t);
    await assert.rejects(fetchBy(t, github, {}), failsWith('CERTIFICATE_UNTRUSTED', /set SSL_CERT_FILE/));
  });
});
