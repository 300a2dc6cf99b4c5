// A GitHub on loopback, REST API and git, as a GitHub Enterprise server has them: one host, the API below /api/v3.
//
//   const github = await startGitHub();                                       // t.after(() => github.close())
//   github.addRepository('acme/shop', createSampleRemote(folder, 'shop', { 'a.txt': 'one\n' }));
//   const token = github.addToken('octo-bot');                                // may push and open pull requests
//   const app = github.addApp('agenticore'); app.install('acme');             // app.id, app.privateKey
//   GITHUB_API_URL = github.apiUrl; repo_url = `${github.url}/acme/shop`
//
// Every request to the API, and every answer, is checked against GitHub's own OpenAPI description; `close` throws what
// did not fit. Tokens are taken as `Authorization: Bearer` by the API and as the password of `Authorization: Basic` by
// git; JSON web tokens of apps are verified. To hurt: `fail` answers the next requests of a kind itself, `hold` stops
// one before or after it was carried out, `rules` refuses pushes, `revoke` and `installation.suspended` take away.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Certificate } from '../certificate.js';
import type { SampleRemote } from '../git-repository.js';
import { type Answer, answerCall, refusalBody } from './api.js';
import { completeAnswer, faultsOfAnswer, faultsOfRequest, findOperation } from './description.js';
import { answerGit, writeRules } from './git.js';
import {
  type App,
  createApp,
  type Holder,
  type Permissions,
  type Repository,
  USUAL,
  type World,
} from './world.js';

export interface Hold {
  /** Resolves when the request is held. */
  readonly reached: Promise<void>;
  release(): void;
}

export interface GitHub {
  /** `http://127.0.0.1:<port>`, `https` with a certificate; repositories follow as `/<owner>/<name>`, with or without `.git`. */
  readonly url: string;
  /** Base address of the API. */
  readonly apiUrl: string;
  readonly host: string;
  readonly world: World;
  /** Every request so far. */
  readonly requests: readonly SeenRequest[];
  addRepository(
    fullName: string,
    remote: SampleRemote,
    more?: Partial<Omit<Repository, 'fullName' | 'remote' | 'pulls'>>,
  ): Repository;
  /** A token of a user; what it may do is enough for pull requests. */
  addToken(login: string, more?: Partial<Pick<Holder, 'permissions' | 'repositories' | 'expiresAt'>>): string;
  addApp(slug: string, permissions?: Permissions): App;
  revoke(token: string): void;
  /** Branches (patterns of the shell) that cannot be pushed to, with the words that are printed then. */
  rules(fullName: string, rules: Readonly<Record<string, string>>): void;
  /** Answers the next requests whose `METHOD /path?query` matches. */
  fail(what: RegExp, answer: Answer, times?: number): void;
  /** Stops the next request whose `METHOD /path?query` matches: before it is carried out, or with its answer ready. */
  hold(what: RegExp, when: 'before' | 'after'): Hold;
  /** Throws when a request or an answer was not as GitHub describes it. */
  close(): Promise<void>;
}

export interface SeenRequest {
  /** `METHOD /path?query`. */
  readonly line: string;
  readonly authorization: string | undefined;
}

/** GitHub's refusal of whoever has used up the hour's requests. */
export const primaryLimit = (resetInS: number): Answer => ({
  status: 403,
  headers: {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + resetInS),
  },
  body: refusalBody(403, 'API rate limit exceeded for user ID 1.'),
});

/** GitHub's refusal of whoever asks too much at once. */
export const secondaryLimit = (retryAfterS: number): Answer => ({
  status: 403,
  headers: { 'retry-after': String(retryAfterS) },
  body: refusalBody(
    403,
    'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  ),
});

export const PROTECTED = [
  'error: GH006: Protected branch update failed for refs/heads/main.',
  'error: At least 1 approving review is required by reviewers with write access.',
].join('\n');

const API = '/api/v3';
const HOUR_MS = 3_600_000;
const LIMITS = {
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4999',
  'x-ratelimit-resource': 'core',
};

interface Fault {
  readonly what: RegExp;
  readonly answer: Answer;
  left: number;
}

interface Gate extends Hold {
  readonly what: RegExp;
  readonly when: 'before' | 'after';
  readonly opened: Promise<void>;
  reach(): void;
}

export async function startGitHub(certificate?: Certificate): Promise<GitHub> {
  const world: World = { repositories: new Map(), tokens: new Map(), apps: [], tokenLifeMs: HOUR_MS };
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  const faults: Fault[] = [];
  const gates: Gate[] = [];

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const line = `${request.method} ${request.url}`;
    requests.push({ line, authorization: request.headers.authorization });
    const index = gates.findIndex(({ what }) => what.test(line));
    const [gate] = index === -1 ? [] : gates.splice(index, 1);
    const answer = (): void => {
      if (request.socket.destroyed) return; // whoever asked has gone meanwhile
      const fault = faults.find(({ what, left }) => left > 0 && what.test(line));
      if (fault !== undefined) {
        fault.left -= 1;
        request.resume();
        send(response, fault.answer);
      } else if (!answerGit(world, request, response)) {
        answerApi(request, response).catch((error: unknown) => {
          violations.push(`${line}: ${String(error)}`);
          response.destroy();
        });
      }
    };
    if (gate?.when === 'before') {
      gate.reach();
      void gate.opened.then(answer);
    } else {
      if (gate !== undefined) holdBack(response, gate);
      answer();
    }
  };
  const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);

  async function answerApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', url);
    const operation = findOperation(request.method ?? '', pathname.slice(API.length));
    const sent = await text(request);
    const body = sent === '' ? undefined : JSON.parse(sent);
    const line = `${request.method} ${pathname}`;
    if (!pathname.startsWith(`${API}/`) || operation === undefined) {
      violations.push(`${line} is not among the operations of tests/fixtures/github-api`);
      return send(response, { status: 404, body: refusalBody(404, 'Not Found') });
    }
    const wrong = faultsOfRequest(operation, query, body);
    violations.push(...wrong.map((fault) => `${line}: ${fault}`));
    const { authorization } = request.headers;
    const call = { operation, query, body: body ?? {}, authorization, url };
    const known = answerCall(world, call);
    const whole = { ...known, body: completeAnswer(operation, known.status, known.body) };
    const faultsOfOurs = faultsOfAnswer(operation, whole.status, whole.body);
    violations.push(...faultsOfOurs.map((fault) => `${line}, answer ${whole.status}: ${fault}`));
    send(response, whole);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${certificate === undefined ? 'http' : 'https'}://${host}`;
  return {
    url,
    apiUrl: `${url}${API}`,
    host,
    world,
    requests,
    addRepository(fullName, remote, more = {}) {
      const usual = { pulls: [], isPublic: false, drafts: true, collaborators: [], teams: [] };
      const repository: Repository = { ...usual, ...more, fullName, remote };
      world.repositories.set(fullName, repository);
      writeRules(remote.path, {});
      return repository;
    },
    addToken(login, more = {}) {
      const token = `ghp_${randomBytes(18).toString('hex')}`;
      world.tokens.set(token, { login, kind: 'user', permissions: USUAL, ...more });
      return token;
    },
    addApp(slug, permissions = USUAL) {
      const app = createApp(1000 + world.apps.length, slug, permissions);
      world.apps.push(app);
      return app;
    },
    revoke: (token) => void world.tokens.delete(token),
    rules(fullName, rules) {
      const repository = world.repositories.get(fullName);
      if (repository === undefined) throw new Error(`there is no ${fullName}`);
      writeRules(repository.remote.path, rules);
    },
    fail: (what, answer, times = 1) => void faults.push({ what, answer, left: times }),
    hold(what, when) {
      const gate = createGate(what, when);
      gates.push(gate);
      return gate;
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      if (violations.length > 0) throw new Error(`not as GitHub describes it:\n${violations.join('\n')}`);
    },
  };
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  const reset = String(Math.floor((Date.now() + HOUR_MS) / 1000));
  response.writeHead(status, { ...json, ...LIMITS, 'x-ratelimit-reset': reset, ...headers });
  response.end(JSON.stringify(body));
}

function createGate(what: RegExp, when: 'before' | 'after'): Gate {
  let reach = (): void => {};
  let release = (): void => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { what, when, reached, opened, reach, release };
}

/** Lets nothing of an answer out before the gate is opened, which is reached when the answer is complete. */
function holdBack(response: ServerResponse, gate: Gate): void {
  const waiting: (() => void)[] = [];
  const { writeHead, write, end } = response;
  const later =
    <A extends unknown[]>(method: (...args: A) => unknown) =>
    (...args: A): ServerResponse => {
      waiting.push(() => method.apply(response, args));
      return response;
    };
  response.writeHead = later(writeHead as (...args: unknown[]) => unknown) as typeof writeHead;
  response.write = later(write as (...args: unknown[]) => unknown) as unknown as typeof write;
  response.end = ((...args: unknown[]) => {
    waiting.push(() => (end as (...args: unknown[]) => unknown).apply(response, args));
    gate.reach();
    void gate.opened.then(() => {
      Object.assign(response, { writeHead, write, end });
      for (const act of waiting) act();
    });
    return response;
  }) as typeof end;
}
