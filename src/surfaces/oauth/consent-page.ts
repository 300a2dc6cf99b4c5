// What a person sees before a client may act: who asks, for what, and where it leads.
import { createHash } from 'node:crypto';
import type { Response } from 'express';
import type { Scope } from '../../domain/scope.js';

export interface Request {
  readonly clientId: string;
  /** As the client calls itself. */
  readonly clientName: string | undefined;
  readonly redirectUri: string;
  readonly scopes: readonly Scope[];
  readonly resource: string;
  /** What the form sends again, so that it is checked again. */
  readonly fields: Readonly<Record<string, string>>;
}

const MEANINGS: Readonly<Record<Scope, string>> = {
  'jobs:read': 'see all jobs: what was asked, what Claude said, and the code it changed',
  'jobs:write': 'submit, repeat and cancel jobs, in the repositories that this server can reach',
  'agent:chat': 'talk to the agent',
  admin: 'drain workers, and change what the bus keeps',
};

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 32rem; margin: 8vh auto; padding: 0 1rem }
h1 { font-size: 1.4rem }
dt { font-weight: 600; margin-top: .8rem }
dd { margin: 0; overflow-wrap: anywhere }
label, input { display: block; width: 100%; box-sizing: border-box }
label { margin-top: 1.6rem; font-weight: 600 }
input, button { font: inherit; padding: .5rem .8rem; margin-top: .4rem }
[role=alert] { border-left: 4px solid #c22; padding-left: .8rem }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Answers with the page; `trouble`: why the last answer to it was not taken. */
export function sendConsentPage(res: Response, request: Request, status = 200, trouble?: string): void {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    // Browsers hold the redirect that follows the form to this as well.
    `form-action 'self' ${targetOf(request.redirectUri)}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  res.status(status);
  res.setHeader('Content-Security-Policy', policy.join('; '));
  res.setHeader('X-Frame-Options', 'DENY');
  // With none at all, browsers would not say either from which page the form comes.
  res.setHeader('Referrer-Policy', 'same-origin');
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.end(page(request, trouble));
}

function targetOf(uri: string): string {
  const { protocol, origin } = new URL(uri);
  return origin === 'null' ? protocol : origin;
}

function page({ clientId, clientName, redirectUri, scopes, resource, fields }: Request, trouble?: string) {
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${safe(name)}" value="${safe(value)}">`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Allow access to Agenticore?</title>
<style>${STYLE}</style>
<main>
<h1>Allow access to Agenticore?</h1>
${trouble === undefined ? '' : `<p role="alert">${safe(trouble)}</p>`}
<p>A client asks to act for you. Anybody can register one under any name: look at where it leads.</p>
<dl>
<dt>It calls itself</dt><dd>${safe(clientName ?? 'nothing')} (${safe(clientId)})</dd>
<dt>It leads to</dt><dd>${safe(targetOf(redirectUri))}</dd>
<dt>It may use</dt><dd>${safe(resource)}</dd>
<dt>It may</dt>
${scopes.map((scope) => `<dd>${MEANINGS[scope]} (${scope})</dd>`).join('\n')}
</dl>
<form method="post" action="/authorize">
${hidden.join('\n')}
<label for="login_secret">The login secret of this server</label>
<input id="login_secret" name="login_secret" type="password" autocomplete="current-password" autofocus>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
</main>
</html>
`;
}

const safe = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
