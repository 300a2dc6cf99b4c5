// A job on a GitHub that nobody finds but the proxy, whose certificate is by an authority of its own: clone, push and
// pull request go through it, and its password is in nothing that is written.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeCertificate } from '../support/certificate.js';
import { createSampleRemote } from '../support/git-repository.js';
import { startGitHub } from '../support/github/github.js';
import { startProxy } from '../support/proxy.js';
import { tempDir } from '../support/temp-dir.js';
import { filesWith } from '../support/where-is.js';
import { startFleet } from './fleet.js';

const NAME = 'ghe.example';
const PASSWORD = 'pa@ss-0123456789';

describe('a job behind a proxy', () => {
  it('is fetched, pushed and given a pull request through it; what the proxy refuses is told without its password', async (t) => {
    const folder = await tempDir(t);
    const certificate = makeCertificate(folder, NAME);
    const github = await startGitHub(certificate);
    t.after(() => github.close());
    const proxy = await startProxy({ login: `me:${PASSWORD}` });
    t.after(() => proxy.close());
    const shop = github.addRepository('acme/shop', createSampleRemote(folder, 'shop', { 'a.txt': 'one\n' }));
    const claude = join(folder, 'claude');
    const standIn = fileURLToPath(new URL('../support/patient-claude.js', import.meta.url));
    writeFileSync(claude, `#!/bin/sh\nexec ${process.execPath} ${standIn} "$@"\n`);
    chmodSync(claude, 0o755);
    writeFileSync(join(folder, 'go-ahead'), '');
    const target = github.host.replace('127.0.0.1', NAME);
    const fleet = await startFleet('file', [], {
      AGENTICORE_CLAUDE_BINARY: claude,
      GITHUB_API_URL: `https://${target}/api/v3`,
      GITHUB_TOKEN: github.addToken('octo-bot'),
      HTTPS_PROXY: proxy.url,
      SSL_CERT_FILE: certificate.path,
    });
    t.after(() => fleet.close());
    const request = {
      task: `write answer.txt and wait for ${join(folder, 'go-ahead')} please`,
      repo_url: `https://${target}/acme/shop`,
    };

    const job = await fleet.ended((await fleet.submit(request)).id);
    assert.equal(job.status, 'succeeded', JSON.stringify(job));
    assert.equal(job.pr_error, undefined);
    assert.equal(shop.pulls.length, 1);
    assert.deepEqual([...new Set(proxy.tunnels)], [target]);
    const api = github.requests.filter(({ line }) => line.includes('/api/v3/'));
    assert.ok(api.length > 0 && api.length < github.requests.length, 'git and the API were both there');

    await fleet.restart({ HTTPS_PROXY: proxy.url.replace('me:', 'someone:') });
    const refused = await fleet.ended((await fleet.submit(request)).id);
    assert.deepEqual([refused.status, refused.code], ['failed', 'AGENTICORE_PROXY_AUTH_FAILED']);
    assert.equal((await fleet.ledger(refused.id)).filter(({ type }) => type === 'AttemptStarted').length, 1);
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), btoa(`me:${PASSWORD}`)])
      assert.deepEqual(filesWith(secret, fleet.folder), []);
  });
});
