// Nothing is granted before a person who knows the login secret has seen the page and said yes.
import { AccessDeniedError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { Response } from 'express';
import { type Request, sendConsentPage } from './consent-page.js';
import type { OAuthDeps } from './oauth-deps.js';
import { isSame } from './secrets.js';
import { LOGINS, mayTry } from './tries.js';

/**
 * True when the request that is being answered is a person's yes. False when the page was sent instead: for the first
 * time, or once more with the reason. Throws AccessDeniedError for a no.
 */
export async function askConsent(
  { settings, tallies, log }: Pick<OAuthDeps, 'settings' | 'tallies' | 'log'>,
  res: Response,
  request: Request,
): Promise<boolean> {
  const { req } = res;
  const { decision, login_secret } = (req.method === 'POST' ? req.body : undefined) ?? {};
  const send = (status?: number, trouble?: string): false => {
    sendConsentPage(res, request, status, trouble);
    return false;
  };
  if (decision === undefined) return send();

  // The secret in the form already says that no other page sent it; this keeps others from using up the tries.
  const { origin = settings.issuer.origin } = req.headers;
  if (origin !== settings.issuer.origin)
    return send(403, `Open this page at ${settings.issuer.origin}, and answer there.`);
  if (decision !== 'allow') throw new AccessDeniedError('The owner of the server said no');

  const address = req.socket.remoteAddress;
  if (!(await mayTry(tallies, 'login', address, LOGINS))) {
    res.setHeader('Retry-After', String(LOGINS.windowMs / 1000));
    return send(429, 'There were too many tries. Come back in a quarter of an hour.');
  }
  if (isSame(login_secret, settings.loginSecret)) return true;
  log('oauth.login_refused', { client_id: request.clientId, address }, 'warn');
  return send(403, 'That is not the login secret.');
}
