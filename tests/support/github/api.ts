// The REST side of the GitHub of the tests: what each operation does, and what it refuses in which words.
import type { Operation } from './description.js';
import {
  type App,
  appOf,
  type Holder,
  holderOf,
  type Installation,
  issueToken,
  may,
  type Permission,
  type Permissions,
  type Pull,
  type Repository,
  sees,
  type World,
} from './world.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiCall {
  readonly operation: Operation;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
  /** Of the web pages. */
  readonly url: string;
}

const MAX_BODY = 65_536;
const MAX_TITLE = 256;
const MAX_LABEL = 50;

/** A refusal in the middle of an operation. */
class Refusal extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

function refuse(status: number, message: string, more: object = {}, headers = {}): never {
  throw new Refusal({ status, body: refusalBody(status, message, more), headers });
}

/** How GitHub writes its refusals. */
export const refusalBody = (status: number, message: string, more: object = {}): object => ({
  message,
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
  ...more,
});

/** Answers a described operation. */
export function answerCall(world: World, call: ApiCall): Answer {
  try {
    const handle = HANDLERS[call.operation.name];
    if (handle === undefined) throw new Error(`no handler for ${call.operation.name}`);
    return handle(world, call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

const HANDLERS: Readonly<Record<string, (world: World, call: ApiCall) => Answer>> = {
  'GET /app': (world, call) => {
    const app = signer(world, call);
    return { status: 200, body: { id: app.id, slug: app.slug, name: app.slug } };
  },
  'GET /app/installations': (world, call) => {
    const app = signer(world, call);
    return {
      status: 200,
      body: app.installations.map((installation) => installationJson(app, installation)),
    };
  },
  'POST /app/installations/{installation_id}/access_tokens': (world, call) => {
    const app = signer(world, call);
    const id = Number(call.operation.parameters.installation_id);
    const installation = app.installations.find((each) => each.id === id) ?? refuse(404, 'Not Found');
    if (installation.suspended) refuse(403, 'This installation has been suspended');
    const asked = call.body as {
      readonly repositories?: readonly string[];
      readonly permissions?: Permissions;
    };
    refuseBeyond(world, installation, asked);
    const { token, expiresAt, holder } = issueToken(world, app, installation, asked);
    return {
      status: 201,
      body: {
        token,
        expires_at: new Date(expiresAt).toISOString().replace(/\.\d+/, ''),
        permissions: holder.permissions,
        repository_selection: asked.repositories === undefined ? 'all' : 'selected',
      },
    };
  },
  'GET /repos/{owner}/{repo}/installation': (world, call) => {
    const app = signer(world, call);
    const { owner, repo } = call.operation.parameters;
    const installation = app.installations.find(
      ({ account, repositories }) =>
        account === owner &&
        (repositories?.includes(`${owner}/${repo}`) ?? world.repositories.has(`${owner}/${repo}`)),
    );
    if (installation === undefined) return refuse(404, 'Not Found');
    return { status: 200, body: installationJson(app, installation) };
  },
  'GET /repos/{owner}/{repo}': (world, call) => {
    const { repository } = visit(world, call);
    return {
      status: 200,
      body: { full_name: repository.fullName, default_branch: 'main', private: !repository.isPublic },
    };
  },
  'GET /repos/{owner}/{repo}/pulls': (world, call) => {
    const { repository, holder } = visit(world, call);
    demand(holder, 'pull_requests', 'read');
    const state = call.query.get('state') ?? 'open';
    const head = call.query.get('head');
    const base = call.query.get('base');
    const owner = repository.fullName.split('/')[0];
    const found = repository.pulls.filter(
      (pull) =>
        (state === 'all' || pull.state === state) &&
        // GitHub ignores a head that does not name its owner.
        (head === null || !head.includes(':') || head === `${owner}:${pull.head}`) &&
        (base === null || base === pull.base),
    );
    return { status: 200, body: found.map((pull) => pullJson(repository, pull, call.url)) };
  },
  'POST /repos/{owner}/{repo}/pulls': (world, call) => {
    const { repository, holder } = visit(world, call);
    demand(holder, 'pull_requests', 'write');
    const pull = openPull(repository, holder, call.body);
    return { status: 201, body: pullJson(repository, pull, call.url) };
  },
  'POST /repos/{owner}/{repo}/issues/{issue_number}/labels': (world, call) => {
    const { pull } = visitPull(world, call, call.operation.parameters.issue_number);
    const labels = call.body.labels as readonly string[];
    if (labels.some((label) => label.length > MAX_LABEL))
      invalid('Label', {
        field: 'name',
        code: 'custom',
        message: `name is too long (maximum is ${MAX_LABEL} characters)`,
      });
    add(pull.labels, labels);
    return { status: 200, body: pull.labels.map((name) => ({ name })) };
  },
  'POST /repos/{owner}/{repo}/issues/{issue_number}/assignees': (world, call) => {
    const { repository, pull } = visitPull(world, call, call.operation.parameters.issue_number);
    const asked = call.body.assignees as readonly string[];
    // Whoever cannot be assigned is left out without a word.
    add(
      pull.assignees,
      asked.filter((login) => repository.collaborators.includes(login)),
    );
    return {
      status: 201,
      body: { number: pull.number, title: pull.title, assignees: pull.assignees.map((login) => ({ login })) },
    };
  },
  'POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers': (world, call) => {
    const { repository, pull } = visitPull(world, call, call.operation.parameters.pull_number);
    const { reviewers = [], team_reviewers: teams = [] } = call.body as {
      readonly reviewers?: readonly string[];
      readonly team_reviewers?: readonly string[];
    };
    if (reviewers.includes(pull.author)) refuse(422, 'Review cannot be requested from pull request author.');
    const isKnown =
      reviewers.every((login) => repository.collaborators.includes(login)) &&
      teams.every((slug) => repository.teams.includes(slug));
    if (!isKnown)
      refuse(
        422,
        `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${repository.fullName} repository.`,
      );
    add(pull.reviewers, reviewers);
    add(pull.teams, teams);
    return { status: 201, body: pullJson(repository, pull, call.url) };
  },
};

const add = (list: string[], more: readonly string[]): void =>
  void list.push(...more.filter((each) => !list.includes(each)));

/** The app whose JSON web token was shown. */
function signer(world: World, { authorization }: ApiCall): App {
  const jwt = /^bearer (.+)$/i.exec(authorization ?? '')?.[1];
  const app = jwt === undefined ? 'A JSON web token could not be decoded' : appOf(world, jwt);
  return typeof app === 'string' ? refuse(401, app) : app;
}

function refuseBeyond(
  world: World,
  { account, repositories, permissions }: Installation,
  asked: { readonly repositories?: readonly string[]; readonly permissions?: Permissions },
): void {
  const isReachable = (name: string): boolean =>
    repositories?.includes(`${account}/${name}`) ?? world.repositories.has(`${account}/${name}`);
  if (asked.repositories?.some((name) => !isReachable(name)))
    refuse(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    );
  const holder: Holder = { login: '', kind: 'installation', permissions };
  const beyond = Object.entries(asked.permissions ?? {}).some(
    ([permission, level]) => !may(holder, permission as Permission, level),
  );
  if (beyond) refuse(422, 'The permissions requested are not granted to this installation.');
}

/** The repository that a call is about and whose token it shows. */
function visit(
  world: World,
  { operation, authorization }: ApiCall,
): { repository: Repository; holder: Holder } {
  const token = /^(?:bearer|token) (.+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return refuse(401, 'Requires authentication');
  const holder = holderOf(world, token) ?? refuse(401, 'Bad credentials');
  const { owner, repo } = operation.parameters;
  const repository = world.repositories.get(`${owner}/${repo}`);
  if (repository === undefined || !sees(holder, repository)) return refuse(404, 'Not Found');
  return { repository, holder };
}

function visitPull(
  world: World,
  call: ApiCall,
  number: string | undefined,
): { repository: Repository; pull: Pull } {
  const { repository, holder } = visit(world, call);
  demand(holder, 'pull_requests', 'write');
  const pull = repository.pulls.find((each) => each.number === Number(number)) ?? refuse(404, 'Not Found');
  return { repository, pull };
}

function demand(holder: Holder, permission: Permission, level: 'read' | 'write'): void {
  if (may(holder, permission, level)) return;
  const by = holder.kind === 'user' ? 'personal access token' : 'integration';
  refuse(
    403,
    `Resource not accessible by ${by}`,
    {},
    { 'x-accepted-github-permissions': `${permission}=${level}` },
  );
}

function invalid(resource: string, error: object): never {
  return refuse(422, 'Validation Failed', { errors: [{ resource, ...error }] });
}

function openPull(repository: Repository, holder: Holder, body: ApiCall['body']): Pull {
  const { remote, fullName, pulls } = repository;
  const {
    title = '',
    body: text = '',
    head: named = '',
    base = '',
    draft = false,
  } = body as {
    readonly title?: string;
    readonly body?: string;
    readonly head?: string;
    readonly base?: string;
    readonly draft?: boolean;
  };
  const owner = fullName.split('/')[0] ?? '';
  const head = named.startsWith(`${owner}:`) ? named.slice(owner.length + 1) : named;
  if (remote.tip(`refs/heads/${head}`) === undefined)
    invalid('PullRequest', { field: 'head', code: 'invalid' });
  if (remote.tip(`refs/heads/${base}`) === undefined)
    invalid('PullRequest', { field: 'base', code: 'invalid' });
  if (pulls.some((pull) => pull.state === 'open' && pull.head === head && pull.base === base))
    invalid('PullRequest', {
      code: 'custom',
      message: `A pull request already exists for ${owner}:${head}.`,
    });
  if (remote.git('rev-list', '--count', `refs/heads/${base}..refs/heads/${head}`) === '0')
    invalid('PullRequest', { code: 'custom', message: `No commits between ${base} and ${head}` });
  for (const [field, value, most] of [
    ['title', title, MAX_TITLE],
    ['body', text, MAX_BODY],
  ] as const)
    if (value.length > most)
      invalid('PullRequest', {
        field,
        code: 'custom',
        message: `${field} is too long (maximum is ${most} characters)`,
      });
  if (draft && !repository.drafts) refuse(422, 'Draft pull requests are not supported in this repository.');
  const pull: Pull = {
    number: pulls.length + 1,
    title,
    body: text,
    head,
    base,
    draft,
    author: holder.login,
    state: 'open',
    labels: [],
    reviewers: [],
    teams: [],
    assignees: [],
  };
  pulls.push(pull);
  return pull;
}

const installationJson = (app: App, { id, account, permissions, suspended }: Installation): object => ({
  id,
  account: { login: account },
  app_id: app.id,
  app_slug: app.slug,
  permissions,
  repository_selection: 'all',
  target_type: 'Organization',
  suspended_at: suspended ? '2026-01-01T00:00:00Z' : null,
});

function pullJson({ fullName, remote }: Repository, pull: Pull, url: string): object {
  const owner = fullName.split('/')[0];
  const side = (branch: string): object => ({
    ref: branch,
    label: `${owner}:${branch}`,
    sha: remote.tip(`refs/heads/${branch}`) ?? '',
    user: { login: owner },
    repo: { full_name: fullName },
  });
  return {
    number: pull.number,
    state: pull.state,
    title: pull.title,
    body: pull.body,
    draft: pull.draft,
    html_url: `${url}/${fullName}/pull/${pull.number}`,
    user: { login: pull.author },
    head: side(pull.head),
    base: side(pull.base),
    labels: pull.labels.map((name) => ({ name })),
    assignees: pull.assignees.map((login) => ({ login })),
    requested_reviewers: pull.reviewers.map((login) => ({ login })),
    requested_teams: pull.teams.map((slug) => ({ slug, name: slug })),
  };
}
