// Names that lead elsewhere than they should: seen before git is started, and git cannot be sent anywhere else.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHostPin } from '../../../src/adapters/git/pin-host.js';
import { isCode } from '../../../src/domain/errors.js';
import type { FindHost, Whereabouts } from '../../../src/ports/find-host.js';
import { type GitHttpServer, startGitHttpServer } from '../../support/git-http-server.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { tempDir } from '../../support/temp-dir.js';
import { openRoom } from './bench-room.js';

const LOOPBACK: Whereabouts = { kind: 'allowed', addresses: ['127.0.0.1'] };
const finds =
  (found: Whereabouts): FindHost =>
  async () =>
    found;

describe('the host of a repository', () => {
  let server: GitHttpServer;
  let url = '';
  before(async () => {
    const root = await tempDir();
    createSampleRemote(root, 'sample', { 'a.txt': 'one\n' });
    server = await startGitHttpServer(root);
    // A name that no resolver knows.
    url = `${server.url.replace('127.0.0.1', 'repositories.example')}/sample.git`;
  });
  after(() => server.close());

  it('is where it was found to be, whatever git would find', async (t) => {
    const room = await openRoom(t, { allowedProtocols: ['http'], findHost: finds(LOOPBACK) });
    const workspace = await room.open({ repoUrl: url });
    await workspace.close();
    assert.ok(server.requests.length > 0);
  });

  it('that leads to a private address is refused at the moment of use, before git asks it anything', async (t) => {
    const room = await openRoom(t, { allowedProtocols: ['http'], findHost: finds({ kind: 'refused' }) });
    const asked = server.requests.length;
    await assert.rejects(
      room.open({ repoUrl: url }),
      (error) => isCode(error, 'REPO_URL_REFUSED') && /AGENTICORE_ALLOWED_REPO_HOSTS/.test(String(error)),
    );
    assert.equal(server.requests.length, asked);
  });

  it('that cannot be found now is tried again later', async (t) => {
    const findHost = finds({ kind: 'unknown', error: 'EAI_AGAIN' });
    const room = await openRoom(t, { allowedProtocols: ['http'], findHost });
    await assert.rejects(room.open({ repoUrl: url }), (error) => isCode(error, 'REPOSITORY_UNREACHABLE'));
  });

  it('may not send git away by a redirect', async (t) => {
    const answer: Parameters<typeof startGitHttpServer>[1] = {
      answer: (_request, response) => {
        response
          .writeHead(302, { location: `${server.url}/sample.git/info/refs?service=git-upload-pack` })
          .end();
        return true;
      },
    };
    const away = await startGitHttpServer('/nowhere', answer);
    t.after(() => away.close());
    const room = await openRoom(t, { allowedProtocols: ['http'], findHost: finds(LOOPBACK) });
    const asked = server.requests.length;
    const there = away.url.replace('127.0.0.1', 'repositories.example');
    await assert.rejects(room.open({ repoUrl: `${there}/sample.git` }), /redirect/);
    assert.equal(server.requests.length, asked);
  });

  it('is asked for over ssh too, and behind a proxy, which may know what we do not; a path has none', async () => {
    const asked: string[] = [];
    const findHost: FindHost = async (host, port) => {
      asked.push(`${host}:${port}`);
      return { kind: 'allowed', addresses: ['1.1.1.1', '2606:4700::1111'] };
    };
    const pin = createHostPin(findHost, {});
    assert.deepEqual(await pin('git@github.com:a/b.git'), []);
    assert.deepEqual(await pin('file:///srv/a.git'), []);
    assert.deepEqual(await pin('https://github.com/a/b'), [
      'http.curloptResolve=github.com:443:1.1.1.1,[2606:4700::1111]',
    ]);
    await pin('ssh://git@example.com:2222/a');
    assert.deepEqual(asked, ['github.com:22', 'github.com:443', 'example.com:2222']);
    const proxy = { HTTPS_PROXY: 'http://proxy:3128', all_proxy: '' };
    const lost = createHostPin(finds({ kind: 'unknown', error: 'ENOTFOUND' }), proxy);
    assert.deepEqual(await lost('https://example.com/a'), []);
    await assert.rejects(lost('ssh://git@example.com/a'), /cannot be found/);
    await assert.rejects(
      createHostPin(finds({ kind: 'refused' }), proxy)('https://example.com/a'),
      /not public/,
    );
  });
});
