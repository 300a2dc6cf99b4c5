// Which repository addresses and base refs may reach git at all. Refused here means: git never sees it. Nothing that
// git would take for an option, a helper program or a second address passes, and no address carries a secret.
import { AgenticoreError } from './errors.js';
import { hostMatches, isPrivateHost } from './hosts.js';

export type RepoProtocol = 'https' | 'ssh' | 'file' | 'http';

export interface RepoUrlPolicy {
  readonly allowedProtocols: readonly RepoProtocol[];
  /** Host names (`github.com`, `*.example.com`, `host:port`); undefined = any public host, and `knownHosts`. */
  readonly allowedHosts?: readonly string[];
  /** Hosts that the operator has named for another reason: they need not be public. */
  readonly knownHosts?: readonly string[];
}

/** An address taken apart; `https://github.com/a/b`, `git@github.com:a/b` and `/srv/b.git` are all of this shape. */
interface RepoAddress {
  readonly protocol: RepoProtocol;
  readonly user?: string | undefined;
  /** Lower case; empty for `file`. */
  readonly host: string;
  /** Undefined when it is the protocol's own. */
  readonly port?: number | undefined;
  /** Begins with `/`, except in `host:path` addresses, where it is relative to the user's home. */
  readonly path: string;
}

const MAX_URL_LENGTH = 2048;
const MAX_REF_LENGTH = 255;
const DEFAULT_PORTS: Readonly<Record<RepoProtocol, number>> = { https: 443, http: 80, ssh: 22, file: 0 };
const WITH_SCHEME =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/]*)@)?(\[[0-9a-f:.]+\]|[^:/@[\]]*)(?::(\d{1,5}))?(\/.*)?$/i;
const SCP_LIKE = /^(?:([^@:/]+)@)?([^@:/[\]]+):(.+)$/;
const FORBIDDEN = /[\p{Cc}\s\\]/u;
const USER = /^[a-z0-9_][a-z0-9_.-]{0,63}$/i;
const HOST = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/;

/** Checks an address against the policy. Throws REPO_URL_REFUSED with a sentence that says what is allowed. */
export function checkRepoUrl(url: string, policy: RepoUrlPolicy): void {
  const address = parseRepoUrl(url, policy);
  if (!policy.allowedProtocols.includes(address.protocol))
    throw refuse(`${address.protocol}: is not allowed`, policy);
  if (address.protocol === 'file') return;
  const isAmong = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => hostMatches(pattern, address.host, portOf(address)));
  if (policy.allowedHosts === undefined) {
    if (isPrivateHost(address.host) && !isAmong(policy.knownHosts ?? [])) {
      const fault = `${address.host} is no public host; AGENTICORE_ALLOWED_REPO_HOSTS must name it`;
      throw refuse(fault, policy);
    }
  } else if (!isAmong(policy.allowedHosts)) {
    throw refuse(
      `the host ${address.host} is not allowed (allowed: ${policy.allowedHosts.join(', ') || 'none'})`,
      policy,
    );
  }
}

const portOf = ({ protocol, port }: RepoAddress): number => port ?? DEFAULT_PORTS[protocol];

/** Where the address leads over the network; undefined for a path of this host. Throws REPO_URL_REFUSED. */
export function repoHost(
  url: string,
): { readonly protocol: RepoProtocol; readonly host: string; readonly port: number } | undefined {
  const address = parseRepoUrl(url);
  if (address.protocol === 'file') return undefined;
  return { protocol: address.protocol, host: address.host, port: portOf(address) };
}

/** The address as the key of a cache: the same repository written in two ways gives the same text. */
export function normaliseRepoUrl(url: string): string {
  const { protocol, user, host, port, path } = parseRepoUrl(url);
  const trimmed = path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  if (protocol === 'file') return `file://${trimmed}`;
  // Two users of one ssh server may see two repositories at one path; `git` is what every code host uses.
  const account = user === undefined || user === 'git' ? '' : `${user}@`;
  const place = path.startsWith('/') ? trimmed : `/${trimmed}`;
  return `${protocol}://${account}${host}${port === undefined ? '' : `:${port}`}${place.replace(/\.git$/, '')}`;
}

/** Takes an address apart. Throws REPO_URL_REFUSED when it has none of the known forms. */
function parseRepoUrl(url: string, policy?: RepoUrlPolicy): RepoAddress {
  if (url.length === 0 || url.length > MAX_URL_LENGTH) throw refuse('it is empty or too long', policy);
  if (hasForbiddenCharacter(url))
    throw refuse('it contains spaces, control characters or backslashes', policy);
  if (url.startsWith('-')) throw refuse('it begins with a dash', policy);
  if (url.startsWith('/')) return fileAddress(url, policy);
  const match = WITH_SCHEME.exec(url);
  if (match !== null) return schemeAddress(match, policy);
  if (/^[a-z0-9+.-]+::/i.test(url)) throw refuse('helper programs (`name::address`) are never run', policy);
  if (url.includes('://')) throw refuse('it is not a well-formed URL', policy);
  return scpAddress(url, policy);
}

/**
 * Checks that a base ref is a plain branch, tag or commit name. Throws BASE_REF_REFUSED with what is wrong; whether
 * it exists is found out when the workspace opens.
 */
export function checkBaseRef(ref: string): void {
  const fault = faultOfRef(ref);
  if (fault !== undefined) {
    throw new AgenticoreError(
      'BASE_REF_REFUSED',
      `base_ref ${fault}; give the name of a branch or tag, or a commit id.`,
    );
  }
}

/** The rules of git's check-ref-format, and no leading dash. */
function faultOfRef(ref: string): string | undefined {
  if (ref.length === 0 || ref.length > MAX_REF_LENGTH) return `must have 1 to ${MAX_REF_LENGTH} characters`;
  if (ref.startsWith('-')) return 'must not begin with a dash';
  if (hasForbiddenCharacter(ref) || /[~^:?*[]/.test(ref))
    return 'contains a character that git does not allow in names';
  if (ref === '@' || ref.includes('@{') || ref.includes('..')) return 'must be a name, not an expression';
  if (ref.endsWith('.')) return 'must not end with a dot';
  const parts = ref.split('/');
  if (parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock')))
    return 'is not a valid name';
  return undefined;
}

function schemeAddress(match: RegExpExecArray, policy: RepoUrlPolicy | undefined): RepoAddress {
  const [, scheme = '', user, host = '', port, path = ''] = match;
  const protocol = scheme.toLowerCase();
  if (protocol === 'file') {
    if (user !== undefined || port !== undefined || (host !== '' && host !== 'localhost')) {
      throw refuse('a file URL names no host', policy);
    }
    return fileAddress(path, policy);
  }
  if (protocol !== 'https' && protocol !== 'http' && protocol !== 'ssh')
    throw refuse(`${protocol}: is not allowed`, policy);
  return remoteAddress(protocol, { user, host, port, path }, policy);
}

function scpAddress(url: string, policy: RepoUrlPolicy | undefined): RepoAddress {
  const match = SCP_LIKE.exec(url);
  if (match === null) throw refuse('it is not a URL', policy);
  const [, user, host = '', path = ''] = match;
  return remoteAddress('ssh', { user, host, port: undefined, path }, policy);
}

interface RawParts {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  readonly path: string;
}

function remoteAddress(
  protocol: 'https' | 'http' | 'ssh',
  raw: RawParts,
  policy: RepoUrlPolicy | undefined,
): RepoAddress {
  const host = raw.host.toLowerCase();
  if (raw.user !== undefined && (protocol !== 'ssh' || !USER.test(raw.user))) {
    throw refuse(
      'it carries a user name or password; credentials belong into the configuration of the server',
      policy,
    );
  }
  if (!HOST.test(host) && !/^\[[0-9a-f:.]+\]$/.test(host))
    throw refuse('its host is not a valid name', policy);
  const { path } = raw;
  if (/^\/*$/.test(path)) throw refuse('it names no repository on its host', policy);
  if (/[?#]/.test(path)) throw refuse('it has a query or a fragment', policy);
  if (path.startsWith('-') || path.startsWith('/-')) throw refuse('its path begins with a dash', policy);
  if (/(^|\/)\.\.?(\/|$)/.test(path)) throw refuse('its path has dot segments', policy);
  const port = raw.port === undefined ? undefined : Number(raw.port);
  if (port !== undefined && (port < 1 || port > 65_535))
    throw refuse('its port is not a number from 1 to 65535', policy);
  return {
    protocol,
    user: raw.user,
    host: host.endsWith('.') ? host.slice(0, -1) : host,
    port: port === DEFAULT_PORTS[protocol] ? undefined : port,
    path,
  };
}

function fileAddress(path: string, policy: RepoUrlPolicy | undefined): RepoAddress {
  if (!path.startsWith('/') || /^\/*$/.test(path))
    throw refuse('a file address must be an absolute path', policy);
  if (/(^|\/)\.\.?(\/|$)/.test(path)) throw refuse('its path has dot segments', policy);
  return { protocol: 'file', host: '', path };
}

const hasForbiddenCharacter = (text: string): boolean => FORBIDDEN.test(text);

function refuse(fault: string, policy?: RepoUrlPolicy): AgenticoreError {
  return new AgenticoreError(
    'REPO_URL_REFUSED',
    `This repository address is not allowed: ${fault}. ${whatIsAllowed(policy)}`,
  );
}

const FORMS: Readonly<Record<RepoProtocol, string>> = {
  https: 'https://host/path',
  ssh: 'ssh://git@host/path or git@host:path',
  file: 'file:///path or an absolute path',
  http: 'http://host/path',
};

const whatIsAllowed = (policy?: RepoUrlPolicy): string => {
  const forms = (policy?.allowedProtocols ?? ['https', 'ssh']).map((protocol) => FORMS[protocol]);
  return `Use ${forms.join(', ') || 'no address at all'}, without credentials in it.`;
};
