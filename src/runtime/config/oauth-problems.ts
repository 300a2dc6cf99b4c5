// What must be so before clients may get tokens: an address that they can trust, somebody who can say yes, and somewhere to
// come from.
import type { ErrorDetail } from '../../domain/errors.js';
import type { Config } from './config.js';

/** A detail for everything that is wrong; nothing is while OAuth is off. */
export function problemsOfOAuth(oauth: Config['oauth']): readonly ErrorDetail[] {
  const { issuerUrl, resourceUrl } = oauth;
  if (issuerUrl === undefined) return [];
  const problems: (readonly [wrong: boolean, key: string, message: string])[] = [
    [!isSafe(issuerUrl), 'issuer_url', 'must begin with https://, but for localhost and 127.0.0.1'],
    [
      !isOrigin(issuerUrl),
      'issuer_url',
      'must be an address without a path, such as https://agenticore.example',
    ],
    [
      oauth.loginSecret === undefined,
      'login_secret',
      'must be set, so that a person can allow clients something',
    ],
    [
      resourceUrl !== undefined && (!isSafe(resourceUrl) || resourceUrl.includes('#')),
      'resource_url',
      'must begin with https://, but for localhost and 127.0.0.1, and have no fragment',
    ],
    [
      oauth.clientSecret !== undefined && oauth.clientId === undefined,
      'client_secret',
      'must not be set without client_id',
    ],
    [
      oauth.clientId !== undefined && oauth.allowedRedirectUris.length === 0,
      'allowed_redirect_uris',
      'must be set with client_id: they are the addresses of that client',
    ],
    [
      oauth.clientId === undefined && !oauth.dynamicRegistration,
      'dynamic_registration',
      'must be true without client_id: there would be no client',
    ],
  ];
  return problems.flatMap(([wrong, key, message]) => (wrong ? [{ path: `oauth.${key}`, message }] : []));
}

function isSafe(text: string): boolean {
  const { protocol, hostname } = urlOf(text);
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname));
}

function isOrigin(text: string): boolean {
  const url = urlOf(text);
  return url.href === `${url.origin}/`;
}

/** What cannot be read is no address of anybody. */
const urlOf = (text: string): URL => new URL(URL.canParse(text) ? text : 'invalid:');
