// What keeps a request from reaching GitHub's API although GitHub has nothing against it: a proxy, or a certificate that
// nobody here trusts. Each a code of the table and a sentence that says whose fault it is and how to mend it.
import type { Octokit } from '@octokit/rest';
import { AgenticoreError, ERRORS, messageOf } from '../../domain/errors.js';
import { OUTCOMES } from '../../domain/outcomes.js';
import type { NamedProxy } from './proxy-of.js';
import { mayPass } from './status-of.js';

/** Signed by an authority that is not on our lists. */
const UNKNOWN_AUTHORITY =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/;
const UNTRUSTED = /^(CERT_[A-Z_]+|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/;

/** The proxy could not be asked for a tunnel to `target`, or has not answered. */
export function proxyFailure(error: unknown, proxy: NamedProxy, target: string): AgenticoreError {
  const by = nameOf(proxy);
  const certificate = certificateFault(error);
  if (certificate !== undefined) return untrusted(`the proxy ${by}`, certificate, error);
  return new AgenticoreError(
    'PROXY_UNREACHABLE',
    `The proxy ${by} does not answer (${reasonOf(error)}); look at it and at ${proxy.variable}, or name ${hostOf(target)} in NO_PROXY if it can be reached without, and retry the job.`,
    { cause: error },
  );
}

/** The proxy answered, and opens no tunnel to `target`. */
export function proxyRefusal(status: number, proxy: NamedProxy, target: string): AgenticoreError {
  const by = nameOf(proxy);
  if (status === 407) {
    const fault =
      proxy.authorization === undefined
        ? 'asks for a user and a password'
        : 'does not accept the user and the password that it was shown';
    return new AgenticoreError(
      'PROXY_AUTH_FAILED',
      `The proxy ${by} ${fault} (407); write the right ones into the address of ${proxy.variable}, special characters as %XX, start the server again and retry the job.`,
    );
  }
  const host = hostOf(target);
  if (mayPass(status))
    return new AgenticoreError(
      'PROXY_UNREACHABLE',
      `The proxy ${by} cannot reach ${target} now (${status}); retry the job later, or name ${host} in NO_PROXY if it can be reached without.`,
    );
  return new AgenticoreError(
    'PROXY_REFUSED',
    `The proxy ${by} does not let us through to ${target} (${status}); allow that in the proxy, or name ${host} in NO_PROXY if it can be reached without, and retry the job.`,
  );
}

/** What lies behind the proxy could not be asked: an answer would have come through it. */
export function hostFailure(error: unknown, url: string, proxy: NamedProxy): AgenticoreError {
  const { protocol, host } = new URL(url);
  const known = failureBehind(error, `${host}, as it comes through the proxy ${nameOf(proxy)},`);
  if (known !== undefined) return known;
  // Without a tunnel there is no connection but the proxy's.
  if (protocol === 'http:')
    return isUnauthorised(error) ? proxyRefusal(407, proxy, host) : proxyFailure(error, proxy, host);
  return new AgenticoreError(
    'CODE_HOST_UNREACHABLE',
    `${host} cannot be reached through the proxy ${nameOf(proxy)} (${reasonOf(error)}); retry the job later.`,
    { cause: error },
  );
}

/** What of all this is behind an error of the API's client; undefined when it is none of it. */
export function failureBehind(error: unknown, host: string): AgenticoreError | undefined {
  const known = causesOf(error).find((cause) => cause instanceof AgenticoreError);
  if (known instanceof AgenticoreError) return known;
  const certificate = certificateFault(error);
  return certificate === undefined ? undefined : untrusted(host, certificate, error);
}

/**
 * A plugin of the API's clients, before the one that tries again: what trying again would not change is told at once. A
 * proxy that is shown a wrong password three times may close the account.
 */
export function noVainRetries({ hook }: Pick<Octokit, 'hook'>): void {
  hook.error('request', (error, { baseUrl }) => {
    const known = failureBehind(error, baseUrl === undefined ? 'the API' : new URL(baseUrl).host);
    throw known !== undefined && isFinal(known) ? known : error;
  });
}

/** Trying again changes nothing before somebody has mended it. */
const isFinal = ({ code }: AgenticoreError): boolean => OUTCOMES[ERRORS[code].outcome].follows === 'fail';

const nameOf = ({ host, variable }: NamedProxy): string => `${host} (${variable})`;
const hostOf = (target: string): string => target.replace(/:\d+$/, '');

function untrusted(whose: string, { code, reason }: CertificateFault, cause: unknown): AgenticoreError {
  const mend = UNKNOWN_AUTHORITY.test(code)
    ? 'set SSL_CERT_FILE to a bundle of certificates (PEM) that has the one of its authority in it, start the server again'
    : 'have it replaced by a valid one';
  return new AgenticoreError(
    'CERTIFICATE_UNTRUSTED',
    `The certificate of ${whose} is not trusted (${reason}); ${mend} and retry the job.`,
    { cause },
  );
}

interface CertificateFault {
  readonly code: string;
  readonly reason: string;
}

function certificateFault(error: unknown): CertificateFault | undefined {
  for (const cause of causesOf(error)) {
    const code = codeOf(cause);
    if (UNKNOWN_AUTHORITY.test(code) || UNTRUSTED.test(code)) return { code, reason: messageOf(cause) };
  }
  return undefined;
}

/** The error, what it says is behind it, and so on. */
function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let each = error; each instanceof Error && !causes.includes(each); each = each.cause)
    causes.push(each);
  return causes;
}

/** The words of the innermost: those around it say no more than that something failed. */
function reasonOf(error: unknown): string {
  const innermost = causesOf(error).at(-1) ?? error;
  return messageOf(innermost) || codeOf(innermost);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

const isUnauthorised = (error: unknown): boolean =>
  causesOf(error).some((cause) => /Proxy Authentication Required/.test(messageOf(cause)));
