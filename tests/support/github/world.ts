// What the GitHub of the tests knows: repositories with their pull requests, who holds which token, and what that may do.
import { createPublicKey, createVerify, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { SampleRemote } from '../git-repository.js';

export type Permission =
  | 'metadata'
  | 'contents'
  | 'pull_requests'
  | 'issues'
  | 'workflows'
  | 'administration';
export type Permissions = Partial<Readonly<Record<Permission, 'read' | 'write'>>>;

export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  /** The branch. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
  readonly author: string;
  state: 'open' | 'closed';
  readonly labels: string[];
  readonly reviewers: string[];
  readonly teams: string[];
  readonly assignees: string[];
}

export interface Repository {
  /** `owner/name`. */
  readonly fullName: string;
  readonly remote: SampleRemote;
  readonly pulls: Pull[];
  readonly isPublic: boolean;
  /** False: a plan without draft pull requests. */
  readonly drafts: boolean;
  /** Who may review and be assigned. */
  readonly collaborators: readonly string[];
  /** Slugs of the organisation's teams with access. */
  readonly teams: readonly string[];
}

/** Whose token was shown. */
export interface Holder {
  readonly login: string;
  readonly kind: 'user' | 'installation';
  readonly permissions: Permissions;
  /** Full names; undefined = all. */
  readonly repositories?: readonly string[];
  readonly expiresAt?: number;
}

export interface Installation {
  readonly id: number;
  readonly account: string;
  readonly permissions: Permissions;
  readonly repositories?: readonly string[];
  suspended: boolean;
}

export interface App {
  readonly id: number;
  readonly slug: string;
  /** PEM, PKCS#1, as GitHub hands it out. */
  readonly privateKey: string;
  readonly installations: Installation[];
  /** Installs the app and returns the installation's id. */
  install(account: string, more?: Partial<Pick<Installation, 'permissions' | 'repositories'>>): Installation;
}

export interface World {
  readonly repositories: Map<string, Repository>;
  readonly tokens: Map<string, Holder>;
  readonly apps: App[];
  /** How long installation tokens live. */
  tokenLifeMs: number;
}

/** What a bot needs to push and to open pull requests. */
export const USUAL: Permissions = { metadata: 'read', contents: 'write', pull_requests: 'write' };

export function createApp(id: number, slug: string, permissions: Permissions): App {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const installations: Installation[] = [];
  return {
    id,
    slug,
    privateKey,
    installations,
    install(account, more = {}) {
      const installed = {
        id: id * 100 + installations.length + 1,
        account,
        permissions,
        suspended: false,
        ...more,
      };
      installations.push(installed);
      return installed;
    },
  };
}

/** True when the holder sees the repository at all. */
export const sees = (holder: Holder | undefined, { fullName, isPublic }: Repository): boolean =>
  isPublic || (holder !== undefined && (holder.repositories?.includes(fullName) ?? true));

export const may = (holder: Holder, permission: Permission, level: 'read' | 'write'): boolean =>
  holder.permissions[permission] === 'write' ||
  (level === 'read' && holder.permissions[permission] === 'read');

/** Whose token it is; undefined for one that is not known or has expired. */
export function holderOf({ tokens }: World, token: string): Holder | undefined {
  const holder = tokens.get(token);
  return holder?.expiresAt !== undefined && holder.expiresAt <= Date.now() ? undefined : holder;
}

/** A new token of an installation, with no more than what was asked for. */
export function issueToken(
  world: World,
  app: App,
  installation: Installation,
  asked: { readonly repositories?: readonly string[]; readonly permissions?: Permissions },
): { readonly token: string; readonly expiresAt: number; readonly holder: Holder } {
  const repositories =
    asked.repositories?.map((name) => `${installation.account}/${name}`) ??
    installation.repositories ??
    [...world.repositories.keys()].filter((name) => name.startsWith(`${installation.account}/`));
  const expiresAt = Date.now() + world.tokenLifeMs;
  const token = `ghs_${randomBytes(18).toString('hex')}`;
  const holder: Holder = {
    login: `${app.slug}[bot]`,
    kind: 'installation',
    permissions: asked.permissions ?? installation.permissions,
    repositories,
    expiresAt,
  };
  world.tokens.set(token, holder);
  return { token, expiresAt, holder };
}

const LONGEST_JWT_S = 600;

/** The app that signed a JSON web token, or GitHub's words on what is wrong with it. */
export function appOf({ apps }: World, jwt: string): App | string {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const undecodable = 'A JSON web token could not be decoded';
  try {
    const { alg } = decode(header);
    const { iss, iat, exp } = decode(payload);
    const app = apps.find(({ id }) => String(id) === String(iss));
    if (app === undefined) return 'Integration not found';
    const key = createPublicKey(app.privateKey);
    const isSigned = createVerify('RSA-SHA256')
      .update(`${header}.${payload}`)
      .verify(key, signature, 'base64url');
    if (alg !== 'RS256' || !isSigned) return undecodable;
    const now = Math.floor(Date.now() / 1000);
    if (!Number.isInteger(iat) || Number(iat) > now)
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    if (!Number.isInteger(exp) || Number(exp) <= now)
      return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    if (Number(exp) > now + LONGEST_JWT_S) return "'Expiration time' claim ('exp') is too far in the future";
    return app;
  } catch {
    return undecodable;
  }
}

const decode = (part: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(part, 'base64url').toString());
