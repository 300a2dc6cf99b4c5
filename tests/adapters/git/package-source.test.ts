import assert from 'node:assert/strict';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createGitPackageSource, type GitPackageOptions } from '../../../src/adapters/git/package-source.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { createSampleRemote, type SampleRemote } from '../../support/git-repository.js';
import { tempDir } from '../../support/temp-dir.js';

const never = (): AbortSignal => new AbortController().signal;

interface Sample {
  readonly root: string;
  readonly remote: SampleRemote;
  readonly scratchDir: string;
  source(options?: Partial<GitPackageOptions>): ReturnType<typeof createGitPackageSource>;
  /** What of fetched packages lies in the scratch folder. */
  left(): Promise<readonly string[]>;
}

async function sample(t: TestContext): Promise<Sample> {
  const root = await realpath(await tempDir(t));
  const remote = createSampleRemote(root, 'helper', { 'CLAUDE.md': 'one', 'bin/run.sh': '#!/bin/sh\n' });
  const scratchDir = join(root, 'scratch');
  return {
    root,
    remote,
    scratchDir,
    source: (options) =>
      createGitPackageSource({
        url: remote.url,
        scratchDir,
        allowedProtocols: ['file', 'http'],
        env: { PATH: process.env.PATH ?? '' },
        ...options,
      }),
    left: async () => (await readdir(scratchDir)).filter((name) => name.startsWith('fetch-')),
  };
}

describe('a package in a git repository', () => {
  it('is one commit of it, gone again when it was read', async (t) => {
    const { remote, source, left } = await sample(t);
    remote.commit({ 'CLAUDE.md': 'two' });
    const fetched = await source().fetch(undefined, never());
    assert.ok(fetched);
    assert.deepEqual((await readdir(fetched.directory)).sort(), ['CLAUDE.md', 'bin']);
    assert.equal(await readFile(join(fetched.directory, 'CLAUDE.md'), 'utf8'), 'two');
    assert.deepEqual([fetched.revision, fetched.name], [remote.tip('main'), 'helper']);
    assert.equal((await left()).length, 1);
    await fetched.close();
    assert.deepEqual(await left(), []);
  });

  it('is fetched again only when there is another commit', async (t) => {
    const { remote, source, left } = await sample(t);
    const packages = source();
    const known = remote.tip('main');
    assert.equal(await packages.fetch(known, never()), undefined);
    assert.deepEqual(await left(), []);
    remote.commit({ 'CLAUDE.md': 'two' });
    const fetched = await packages.fetch(known, never());
    assert.equal(fetched?.revision, remote.tip('main'));
    await fetched?.close();
  });

  it('is that of the branch or tag that was asked for', async (t) => {
    const { remote, source } = await sample(t);
    remote.commit({ 'CLAUDE.md': 'of next' }, { branch: 'next', from: 'main' });
    remote.git('tag', 'v1', 'main');
    for (const [ref, text] of [
      ['next', 'of next'],
      ['v1', 'one'],
    ] as const) {
      const fetched = await source({ ref }).fetch(undefined, never());
      assert.equal(await readFile(join(fetched?.directory ?? '', 'CLAUDE.md'), 'utf8'), text);
      await fetched?.close();
    }
    await assert.rejects(source({ ref: 'gone' }).fetch(undefined, never()), {
      code: 'BASE_REF_NOT_FOUND',
      message: `The repository ${remote.url} has no branch or tag "gone".`,
    });
    await assert.rejects(source({ ref: '--upload-pack=x' }).fetch(undefined, never()), {
      code: 'BASE_REF_NOT_FOUND',
    });
  });

  it('comes over http with the credentials of its address, which are nowhere else', async (t) => {
    const { root, source, left } = await sample(t);
    const server = await startGitHttpServer(root, { login: 'bot:pa55 word' });
    t.after(() => server.close());
    const at = (login: string): string => `${server.url.replace('://', `://${login}`)}/helper.git`;
    const packages = source({ url: at('bot:pa55%20word@') });
    assert.equal(packages.place, `${server.url}/helper.git`);
    const fetched = await packages.fetch(undefined, never());
    assert.equal(await readFile(join(fetched?.directory ?? '', 'CLAUDE.md'), 'utf8'), 'one');
    const config = await readFile(join(fetched?.directory ?? '', '../repository.git/config'), 'utf8');
    assert.doesNotMatch(config, /pa55|bot|Authorization/i);
    await fetched?.close();
    assert.ok(server.requests.every((request) => !/pa55|bot/.test(request)));

    const tokenOnly = await startGitHttpServer(root, { login: 'glpat-0123456789:' });
    t.after(() => tokenOnly.close());
    const url = `${tokenOnly.url.replace('://', '://glpat-0123456789@')}/helper.git`;
    await (await source({ url }).fetch(undefined, never()))?.close();

    const refusal = await refused(source({ url: at('bot:wrong-one@') }).fetch(undefined, never()));
    assert.equal(refusal.code, 'REPOSITORY_AUTH_FAILED');
    assert.doesNotMatch(refusal.message, /wrong-one|bot:/);
    assert.equal(
      (await refused(source({ url: at('') }).fetch(undefined, never()))).code,
      'REPOSITORY_AUTH_FAILED',
    );
    assert.deepEqual(await left(), []);
  });

  it('does not carry its credentials to where a server sends it on to', async (t) => {
    const { root, source } = await sample(t);
    const seen: (string | undefined)[] = [];
    const other = await startGitHttpServer(root, {
      login: 'bot:pa55',
      answer: ({ headers }) => {
        seen.push(headers.authorization);
        return false;
      },
    });
    const server = await startGitHttpServer(root, {
      answer: ({ url, headers }, response) => {
        const isKnown = headers.authorization !== undefined;
        const location = `${other.url}${url}`;
        response.writeHead(isKnown ? 302 : 401, isKnown ? { location } : { 'www-authenticate': 'Basic' });
        return response.end() && true;
      },
    });
    t.after(() => Promise.all([other.close(), server.close()]));
    const url = `${server.url.replace('://', '://bot:pa55@')}/helper.git`;
    const { code } = await refused(source({ url }).fetch(undefined, never()));
    assert.equal(code, 'REPOSITORY_AUTH_FAILED');
    assert.ok(seen.length > 0, 'git was sent there');
    assert.deepEqual([...new Set(seen)], [undefined]);
  });

  it('is refused where its address is none that git may see', async (t) => {
    const { source, remote } = await sample(t);
    for (const url of [
      'ext::sh -c id',
      '--upload-pack=id',
      'git://example.com/a',
      'https://only-a-token@example.com/a',
    ])
      assert.throws(() => source({ url }), { code: 'REPO_URL_REFUSED' }, url);
    assert.throws(() => source({ url: remote.url, allowedProtocols: ['https'] }), {
      code: 'REPO_URL_REFUSED',
      message: 'The address of the repository is not allowed: file: is none of https.',
    });
    assert.throws(
      () => source({ url: 'https://only-a-token@example.com/a' }),
      (error: Error) => !error.message.includes('only-a-token'),
    );
  });

  it('that is not there, or does not answer, leaves nothing behind', async (t) => {
    const { root, source, left } = await sample(t);
    const gone = source({ url: join(root, 'gone.git') });
    assert.equal((await refused(gone.fetch(undefined, never()))).code, 'REPOSITORY_NOT_FOUND');
    const silent = await startGitHttpServer(root, { answer: () => true });
    t.after(() => silent.close());
    const slow = source({ url: `${silent.url}/helper.git`, timeoutMs: 300 });
    assert.equal((await refused(slow.fetch(undefined, never()))).code, 'REPOSITORY_UNREACHABLE');
    const leave = new AbortController();
    const waiting = source({ url: `${silent.url}/helper.git` }).fetch(undefined, leave.signal);
    leave.abort(new Error('leaving'));
    await assert.rejects(waiting, /leaving/);
    assert.deepEqual(await left(), []);
  });

  it('is checked out by nothing that it brings along itself', async (t) => {
    const { root, remote, source } = await sample(t);
    const evidence = join(root, 'was-run');
    remote.commit({
      '.gitattributes': '* filter=evil\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ${remote.url}\n`,
      'hooks/post-checkout': `#!/bin/sh\ntouch ${evidence}\n`,
      config: `[filter "evil"]\n\tsmudge = touch ${evidence}\n`,
    });
    const fetched = await source().fetch(undefined, never());
    assert.equal(await readFile(join(fetched?.directory ?? '', 'CLAUDE.md'), 'utf8'), 'one');
    await assert.rejects(readFile(evidence), { code: 'ENOENT' });
    await fetched?.close();
  });
});

async function refused(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    return { code: String(error.code), message: error.message };
  }
  throw new assert.AssertionError({ message: 'it was fetched' });
}
