// Turns checked settings by key into the typed ones, and works out the defaults that depend on the host or on others.
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { RepoProtocol, Role, Settings } from './config.js';
import { isMap, type Leaf, nest } from './leaves.js';

type Env = Readonly<Record<string, string | undefined>>;
type WorkedOut = 'worktreeRoot' | 'jobsDir' | 'podName' | 'allowedProtocols';

/** The settings as the schema has them: those that are worked out here may be missing. */
interface Given extends Omit<Settings, 'server' | 'client' | 'repos' | 'packageRepo' | 'oauth'> {
  readonly server: Omit<Settings['server'], 'roles'> & { readonly roles: readonly ('all' | Role)[] };
  readonly client?: Partial<Settings['client']>;
  readonly packageRepo?: Settings['packageRepo'];
  readonly oauth: Omit<Settings['oauth'], 'dynamicRegistration'> & Partial<Settings['oauth']>;
  readonly repos: Omit<Settings['repos'], WorkedOut> & Partial<Pick<Settings['repos'], WorkedOut>>;
}

export const ROLES: readonly Role[] = ['ingress', 'worker', 'gateway'];

/** `values` by key, as the schema allows them; paths in them may be relative or begin with `~`. */
export function settle(values: ReadonlyMap<string, unknown>, leaves: readonly Leaf[], env: Env): Settings {
  const isPath = new Set(leaves.filter(({ schema }) => schema['x-path'] === true).map(({ key }) => key));
  const present = [...values].filter(([, value]) => value !== undefined);
  const absolute = present.map(([key, value]): [string, unknown] => [
    key,
    isPath.has(key) ? absolutePaths(value, env) : value,
  ]);
  // Every value has passed the schema, so that this says what is known; a test keeps type and schema in step.
  const given = camelise(nest(new Map(absolute))) as Given;
  const { home, server, client, repos, oauth, packageRepo = {} } = given;
  return {
    ...given,
    server: {
      ...server,
      roles: server.roles.includes('all') ? ROLES : ROLES.filter((role) => server.roles.includes(role)),
    },
    packageRepo,
    oauth: { ...oauth, dynamicRegistration: oauth.dynamicRegistration ?? oauth.clientId === undefined },
    client: { ...client, url: client?.url ?? serverUrl(server.host, server.port) },
    repos: {
      ...repos,
      worktreeRoot: repos.worktreeRoot ?? join(repos.root, 'worktrees'),
      jobsDir: repos.jobsDir ?? join(repos.sharedFsRoot ?? home, 'jobs'),
      podName: repos.podName ?? hostname(),
      allowedProtocols: repos.allowedProtocols ?? usualProtocols(server.host),
    },
  };
}

/** True for names and addresses that only this host can reach. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/** A path with the home folder in place of a leading `~`. */
export function expandHome(path: string, env: Env): string {
  return path === '~' || path.startsWith('~/') ? join(env.HOME || homedir(), path.slice(1)) : path;
}

const usualProtocols = (host: string): readonly RepoProtocol[] =>
  isLoopback(host) ? ['https', 'ssh', 'file'] : ['https', 'ssh'];

/** Where a client finds a server that listens on `host`: one that listens everywhere is also here. */
function serverUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::' || host === '[::]';
  const name = everywhere ? '127.0.0.1' : host;
  return `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
}

function absolutePaths(value: unknown, env: Env): unknown {
  if (Array.isArray(value)) return value.map((item) => absolutePaths(item, env));
  return typeof value === 'string' ? resolve(expandHome(value, env)) : value;
}

function camelise(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camelise(member),
    ]),
  );
}
