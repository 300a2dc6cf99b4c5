// What went wrong, from git's own words: a code of the table and a sentence for people, with no secret in it.
import { diskFull } from '../../domain/disk-full.js';
import { AgenticoreError, type ErrorCode } from '../../domain/errors.js';
import type { GitResult } from './run-git.js';

const MAX_REASON = 500;

/** Said by git here; what the other side says of its own disk stands behind `remote:`. */
const FULL = /^(?!remote: ).*(No space left on device|Disk quota exceeded)/im;

const PROXY_AWAY =
  'The proxy does not answer, or does not reach the repository now; look at it and at HTTPS_PROXY';

/** Order matters: the first that matches names the failure. */
const SIGNS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/Read-only file system/i, 'WORKSPACE_FAILED', 'The disk of the repository cache cannot be written'],
  [
    /CONNECT tunnel failed, response 407|HTTP code 407 from proxy|returned error: 407\b/i,
    'PROXY_AUTH_FAILED',
    'The proxy asks for another user or password; correct those in the address of HTTPS_PROXY (special characters as %XX)',
  ],
  [
    /CONNECT tunnel failed, response 4(?!08|29)|HTTP code 4(?!08|29)\d\d from proxy/i,
    'PROXY_REFUSED',
    'The proxy does not let us through to the repository; allow it there, or name the host in NO_PROXY if it can be reached without',
  ],
  [
    /Could not resolve proxy|Proxy CONNECT aborted|CONNECT tunnel failed|HTTP code \d+ from proxy|Failed to connect to \S+ port \d+ via /i,
    'PROXY_UNREACHABLE',
    PROXY_AWAY,
  ],
  [
    // Older ones do not say that it is the proxy: it is whoever is not the host of the address.
    /unable to access 'https?:\/\/([a-z0-9.-]+)[:/][^']*': Failed to connect to (?!\1 port )/i,
    'PROXY_UNREACHABLE',
    PROXY_AWAY,
  ],
  [
    /certificate verification failed|SSL certificate problem/i,
    'CERTIFICATE_UNTRUSTED',
    'The certificate of the repository, or of the proxy, is not trusted; set SSL_CERT_FILE to a bundle that has its authority in it',
  ],
  [
    /transport '.*' not allowed/i,
    'REPO_URL_REFUSED',
    'The repository, or what it redirects to, uses a protocol that is not allowed',
  ],
  [
    /Host key verification failed/i,
    'REPOSITORY_AUTH_FAILED',
    'The ssh host key of the repository is not known here; add it to known_hosts',
  ],
  [
    /Permission to .* denied|Write access to repository not granted/i,
    'REPOSITORY_AUTH_FAILED',
    'The credentials of this server may read the repository but not write to it; give the GitHub App or the token "Contents: read and write" (a classic token: the scope `repo`)',
  ],
  [
    /SAML SSO|enforced SAML/i,
    'REPOSITORY_AUTH_FAILED',
    'The organisation asks for single sign-on: authorise the token for it (Settings, Tokens, Configure SSO), or use a GitHub App',
  ],
  [
    /IP allow list/i,
    'REPOSITORY_AUTH_FAILED',
    'The organisation lets in known addresses only: add the one of this server to its IP allow list',
  ],
  [
    /forbids access via a (fine-grained )?personal access token/i,
    'REPOSITORY_AUTH_FAILED',
    'The organisation does not take a token of this kind: use the other kind, or a GitHub App',
  ],
  [
    /Authentication failed/i,
    'REPOSITORY_AUTH_FAILED',
    'The repository does not accept the credentials of this server',
  ],
  [
    /could not read (Username|Password)|terminal prompts disabled|returned error: 40[13]\b|HTTP 40[13]\b|Permission denied \(/i,
    'REPOSITORY_AUTH_FAILED',
    'The repository asks for credentials that this server does not have',
  ],
  [/dubious ownership/i, 'REPOSITORY_AUTH_FAILED', 'The repository on this disk belongs to another user'],
  [
    /returned error: 30[1278]\b|unable to update url base from redirection/i,
    'REPOSITORY_NOT_FOUND',
    'The repository answers with a redirect; use the address it leads to',
  ],
  [
    /does not appear to be a git repository|repository '.*' does not exist|not valid: is this a git repository|invalid gitfile format/i,
    'REPOSITORY_NOT_FOUND',
    'There is no git repository at this address',
  ],
  [
    /returned error: (404|410)\b|Repository not found|repository '.*' not found|No such project/i,
    'REPOSITORY_NOT_FOUND',
    'The repository does not exist, or these credentials may not see it (a GitHub App must be installed on it, a fine-grained token must name it)',
  ],
];

/** The error for a failed fetch, push or look at the remote. */
export function remoteFailure(result: GitResult): AgenticoreError {
  if (result.timedOut)
    return new AgenticoreError('REPOSITORY_UNREACHABLE', 'The repository did not answer in time.');
  if (FULL.test(result.stderr)) return diskFull(reasonOf(result.stderr));
  const sign = SIGNS.find(([pattern]) => pattern.test(result.stderr));
  const [code, sentence] = sign
    ? [sign[1], sign[2]]
    : (['REPOSITORY_UNREACHABLE', 'The repository cannot be reached'] as const);
  return new AgenticoreError(code, `${sentence}: ${reasonOf(result.stderr)}`);
}

/** The error for a git command that failed on this machine; `doing` completes "git could not ...". */
export function localFailure(doing: string, result: GitResult): AgenticoreError {
  const reason = result.timedOut ? 'it took too long' : reasonOf(result.stderr);
  if (FULL.test(result.stderr)) return diskFull(`git could not ${doing}: ${reason}`);
  return new AgenticoreError('WORKSPACE_FAILED', `git could not ${doing}: ${reason}`);
}

/** The last lines of git's complaint as one line, without prefixes, hints and secrets. */
export function reasonOf(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/^(remote|fatal|error|warning): /gi, '')
        .replace(/^(fatal|error): /i, '')
        .trim(),
    )
    .filter(
      (line) =>
        line !== '' && !/^hint:|^Please make sure you have|^and the repository exists|^To /i.test(line),
    );
  const text = [...new Set(lines)].slice(-4).join(' / ');
  return redact(text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}...` : text) || 'it gave no reason';
}

/** Blanks what looks like a credential: a remote may print what it was given. */
export const redact = (text: string): string =>
  text
    .replace(/(\/\/)[^\s/@]+@/g, '$1***@')
    .replace(/\b(gh[pousr]_|github_pat_|glpat-|xox[abp]-|sk-ant-|AKIA)[\w-]{8,}/g, '$1***')
    .replace(/\b(bearer|basic|token|password)([ =:]+)[\w.~+/=-]{8,}/gi, '$1$2***');
