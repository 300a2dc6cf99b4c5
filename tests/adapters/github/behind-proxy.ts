// A GitHub behind a proxy, with a certificate of an authority of its own, and who asks it for a pull request.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createApiRoute } from '../../../src/adapters/github/api-route.js';
import { createGithubCodeHost } from '../../../src/adapters/github/code-host.js';
import { createGithubCredentials } from '../../../src/adapters/github/credentials.js';
import type { NetworkVariables } from '../../../src/adapters/github/proxy-of.js';
import { createRoutedFetch } from '../../../src/adapters/github/routed-fetch.js';
import { type ErrorCode, isCode } from '../../../src/domain/errors.js';
import type { OpenPullRequest, PullRequestOrder } from '../../../src/ports/code-host.js';
import { type Certificate, makeCertificate } from '../../support/certificate.js';
import { createSampleRemote } from '../../support/git-repository.js';
import { type GitHub, startGitHub } from '../../support/github/github.js';
import type { Repository } from '../../support/github/world.js';
import { type ProxyDouble, type ProxyOptions, startProxy } from '../../support/proxy.js';
import { tempDir } from '../../support/temp-dir.js';

const never = new AbortController().signal;
/** Only the proxy of these tests finds it. */
export const NAME = 'ghe.example';
export const LOGIN = 'me:pa@ss/word';

export interface Scene {
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

export async function openScene(
  t: TestContext,
  options: ProxyOptions = {},
  scheme = 'https',
): Promise<Scene> {
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
export const refusedWith =
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
