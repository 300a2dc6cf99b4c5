import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AgenticoreError, type ErrorCode, isCode } from '../../../src/domain/errors.js';
import type { Credential, Credentials } from '../../../src/ports/credentials.js';
import {
  type GitHttpOptions,
  type GitHttpServer,
  startGitHttpServer,
} from '../../support/git-http-server.js';
import { createSampleRemote, type SampleRemote } from '../../support/git-repository.js';
import { tempDir } from '../../support/temp-dir.js';
import { filesWith, processFilesWith } from '../../support/where-is.js';
import { type BenchRoom, branchOf, JOB, NEVER, openRoom } from './bench-room.js';

const LOOPBACK = { allowedProtocols: ['http'], allowedHosts: ['127.0.0.1'] } as const;
const is = (code: ErrorCode, words: RegExp) => (error: unknown) =>
  isCode(error, code) && words.test(String(error));

/** A room for the sample repository behind a server that behaves as told. */
async function roomAt(
  t: Parameters<typeof openRoom>[0],
  root: string,
  options: GitHttpOptions,
  more = {},
): Promise<{ room: BenchRoom; server: GitHttpServer; url: string }> {
  const server = await startGitHttpServer(root, options);
  t.after(() => server.close());
  return { room: await openRoom(t, { ...LOOPBACK, ...more }), server, url: `${server.url}/sample.git` };
}

/** The same answer to everybody, and who asked. */
function credentialsOf(credential: Credential): Credentials & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  return {
    asked,
    forRepository: async (url) => {
      asked.push(url);
      return credential;
    },
    refused: () => false,
  };
}

/** What comes of opening descriptor 3 of a process from outside. */
function openChannelOf(cmdline: string): string {
  try {
    closeSync(openSync(join(dirname(cmdline), 'fd', '3'), 'r'));
    return 'it is open to everybody';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe('a repository over http', () => {
  let root = '';
  let remote: SampleRemote;
  before(async () => {
    root = await tempDir();
    remote = createSampleRemote(root, 'sample', { 'a.txt': 'one\n' });
  });
  after(() => remote.git('gc', '-q'));

  it('is fetched with one listing of refs, and pushed to', async (t) => {
    const { room, server, url } = await roomAt(t, root, {});
    const bench = await room.open({ repoUrl: url });
    assert.equal(bench.baseOid, remote.tip('main'));
    await bench.close();
    const before = server.requests.length;
    const warm = await room.open({ repoUrl: url });
    const requests = server.requests.slice(before);
    assert.deepEqual(
      requests,
      ['GET /sample.git/info/refs?service=git-upload-pack', 'POST /sample.git/git-upload-pack'],
      'nothing new costs one round of two requests',
    );
    await writeFile(join(warm.path, 'x'), 'x');
    const { oid } = await warm.commit('m', NEVER);
    await warm.push(NEVER);
    assert.equal(remote.tip(branchOf(JOB)), oid);
    await warm.close();
  });

  it('that asks for a password does not hang, and says what is missing', async (t) => {
    const { room, url } = await roomAt(t, root, { login: 'git:secret' });
    await assert.rejects(
      room.open({ repoUrl: url }),
      is('REPOSITORY_AUTH_FAILED', /credentials that this server does not have/),
    );
  });

  it('is opened and pushed to by whoever the credentials say, and only git gets to know them', async (t) => {
    const password = 'pa55 w\\rd%20';
    const seen: string[] = [];
    const opened: string[] = [];
    const credentials = credentialsOf({ username: 'git', password });
    const options: GitHttpOptions = {
      login: `git:${password}`,
      answer: ({ headers }) => {
        if (headers.authorization === undefined) return false;
        seen.push(...processFilesWith(password));
        // Those of ours that wait for this answer; nobody else's come and go here.
        opened.push(...processFilesWith(`http://${headers.host}/`, ['cmdline']).map(openChannelOf));
        return false;
      },
    };
    const { room, url, server } = await roomAt(t, root, options, { credentials });
    const bench = await room.open({ repoUrl: url, jobId: 'with-login' });
    await writeFile(join(bench.path, 'y'), 'y');
    const { oid } = await bench.commit('m', NEVER);
    await bench.push(NEVER);
    assert.equal(remote.tip('agenticore-with-login'), oid);
    assert.deepEqual([...new Set(credentials.asked)], [url]);
    assert.ok(server.requests.length > 4);
    assert.deepEqual(seen, [], 'no argument and no environment of any process had it');
    assert.deepEqual(filesWith('pa55', room.root), [], 'nor has a file');
    assert.deepEqual([...new Set(opened)], ['ENXIO'], 'what git asks over is open to nobody else');
    await bench.close();
  });

  it('that does not accept what it is shown is asked once more when another can be had', async (t) => {
    const logins = ['expired', 'secret'];
    const credentials = {
      forRepository: async () => ({ username: 'git', password: logins[0] ?? '' }),
      refused: (_url: string, { password }: { password: string }) => password === logins.shift(),
    };
    const { room, url } = await roomAt(t, root, { login: 'git:secret' }, { credentials });
    const bench = await room.open({ repoUrl: url, jobId: 'renewed' });
    await bench.close();
    logins.unshift('expired', 'expired too');
    await assert.rejects(
      room.open({ repoUrl: url, jobId: 'refused' }),
      is('REPOSITORY_AUTH_FAILED', /does not accept the credentials/),
    );
    assert.deepEqual(logins, ['secret'], 'a second refusal is the last');
  });

  it('fails with the reason for which there are no credentials', async (t) => {
    const credentials = {
      forRepository: () => Promise.reject(new AgenticoreError('CODE_HOST_AUTH_FAILED', 'The key is wrong.')),
      refused: () => false,
    };
    const { room, url } = await roomAt(t, root, { login: 'git:secret' }, { credentials });
    await assert.rejects(room.open({ repoUrl: url }), is('CODE_HOST_AUTH_FAILED', /The key is wrong/));
  });

  it('answers with a status, and that becomes a code and a sentence', async (t) => {
    const statuses: readonly (readonly [number, ErrorCode, RegExp])[] = [
      [403, 'REPOSITORY_AUTH_FAILED', /credentials/],
      [404, 'REPOSITORY_NOT_FOUND', /does not exist/],
      [500, 'REPOSITORY_UNREACHABLE', /cannot be reached: .*500/],
      [503, 'REPOSITORY_UNREACHABLE', /503/],
      [200, 'REPOSITORY_NOT_FOUND', /no git repository at this address/],
    ];
    let status = 0;
    const { room, url } = await roomAt(t, root, {
      answer: (_request, response) =>
        response.writeHead(status).end('<html>\nno git here\n</html>\n') && true,
    });
    for (const [given, code, words] of statuses) {
      status = given;
      await assert.rejects(room.open({ repoUrl: url }), is(code, words), String(given));
    }
    status = 403;
    const nobody = await room.workspaces.diff({
      jobId: JOB,
      repoUrl: url,
      base: 'a'.repeat(40),
      head: 'b'.repeat(40),
    });
    assert.equal(nobody, undefined);
  });

  it('does not let us push, and what it says becomes what is missing', async (t) => {
    const answers: readonly (readonly [number, string, ErrorCode, RegExp])[] = [
      [401, 'Who are you?', 'REPOSITORY_AUTH_FAILED', /credentials/],
      [403, 'No.', 'REPOSITORY_AUTH_FAILED', /credentials/],
      [403, 'Permission to a/b.git denied to bot.', 'REPOSITORY_AUTH_FAILED', /Contents: read and write/],
      [403, 'Write access to repository not granted.', 'REPOSITORY_AUTH_FAILED', /Contents: read and write/],
      [403, 'The a organization has enabled or enforced SAML SSO.', 'REPOSITORY_AUTH_FAILED', /authorise/],
      [403, 'This repository was archived so it is read-only.', 'PUSH_REFUSED', /unarchive it/],
    ];
    let [status, words] = [0, ''];
    const { room, url } = await roomAt(t, root, {
      answer(request, response) {
        if (!request.url?.includes('receive-pack')) return false;
        response.writeHead(status, { 'www-authenticate': 'Basic', 'content-type': 'text/plain' });
        return response.end(`${words}\n`) && true;
      },
    });
    const bench = await room.open({ repoUrl: url, jobId: 'push' });
    await writeFile(join(bench.path, 'x'), 'x');
    await bench.commit('m', NEVER);
    for (const [nextStatus, nextWords, code, sentence] of answers) {
      [status, words] = [nextStatus, nextWords];
      await assert.rejects(bench.push(NEVER), is(code, sentence), nextWords);
    }
    await bench.close();
  });

  it('may not redirect to a place that is not allowed', async (t) => {
    const inner = await startGitHttpServer(root);
    t.after(() => inner.close());
    const { room, url } = await roomAt(t, root, {
      answer: (request, response) =>
        response.writeHead(302, { location: `${inner.url}${request.url}` }).end() && true,
    });
    await assert.rejects(room.open({ repoUrl: url }), is('REPOSITORY_NOT_FOUND', /redirect/));
    assert.deepEqual(inner.requests, []);
  });

  it('that is not there at all is unreachable', async (t) => {
    const { room, server, url } = await roomAt(t, root, {});
    await server.close();
    await assert.rejects(room.open({ repoUrl: url }), is('REPOSITORY_UNREACHABLE', /cannot be reached/));
  });

  it('that never answers is let go when the job is stopped, with every process', async (t) => {
    const { room, server, url } = await roomAt(t, root, { answer: () => true });
    const stop = new AbortController();
    const order = { jobId: JOB, repoUrl: url, branch: branchOf(JOB), attempt: 1 };
    const opening = room.workspaces.open(order, stop.signal);
    const outcome = assert.rejects(opening, /stopped/);
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('stopped'));
    await outcome;
    assert.deepEqual(await room.leftovers(), []);
  });
});
