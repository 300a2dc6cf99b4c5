// How clients come to tokens, as the description tells of it: endpoints of the standards, served by a library.
import { type Answer, type Content, type Description, json, query, ref, text } from '../operation.js';

const REFUSED = json('OAuthError', 'Refused.');
const PAGE = text('text/html', 'The consent page, once more with what was wrong.');
const TOO_MANY = (answer: Answer): Answer => ({ ...answer, headers: ['Retry-After'] });

const form = (schema: string): Content => ({ 'application/x-www-form-urlencoded': { schema: ref(schema) } });

const metadata = (schema: string, summary: string): Description => ({
  tag: 'oauth',
  GET: { summary, only: 'with OAuth', answers: { 200: json(schema, 'Its metadata.') } },
});

const CONSENT = {
  only: 'with OAuth',
  answers: {
    200: text('text/html', 'The consent page.'),
    302: { description: 'Back to the client, with a code or an error.', headers: ['Location'] },
    400: REFUSED,
    403: PAGE,
    429: TOO_MANY(PAGE),
  },
  refusals: ['BUS_UNREACHABLE'],
} as const;

export const OAUTH = {
  '/.well-known/oauth-authorization-server': metadata(
    'AuthorizationServer',
    'What the authorization server does (RFC 8414)',
  ),
  '/.well-known/oauth-protected-resource': metadata(
    'ProtectedResource',
    'Who gives tokens for this server (RFC 9728)',
  ),
  '/.well-known/oauth-protected-resource/mcp': metadata(
    'ProtectedResource',
    'Who gives tokens for MCP (RFC 9728)',
  ),
  '/authorize': {
    tag: 'oauth',
    GET: {
      summary: 'Ask a person for consent',
      parameters: [
        ...[
          ['response_type', '`code`'],
          ['client_id', 'Who asks.'],
          ['redirect_uri', 'Where the answer goes.'],
          ['code_challenge', 'PKCE.'],
          ['code_challenge_method', '`S256`'],
          ['scope', 'What for.'],
          ['state', 'Given back.'],
          ['resource', 'Which server (RFC 8707).'],
        ].map(([name = '', description = '']) => query(name, description, { type: 'string' })),
      ],
      ...CONSENT,
    },
    POST: {
      summary: 'The person’s answer',
      body: { content: form('Consent'), required: true },
      ...CONSENT,
    },
  },
  '/token': {
    tag: 'oauth',
    POST: {
      summary: 'A code or refresh token against tokens',
      only: 'with OAuth',
      body: { content: form('TokenRequest'), required: true },
      answers: { 200: json('Tokens', 'The tokens.'), 400: REFUSED, 401: REFUSED },
      refusals: ['BUS_UNREACHABLE'],
    },
  },
  '/register': {
    tag: 'oauth',
    POST: {
      summary: 'Register a client (RFC 7591)',
      only: 'with OAuth',
      body: { content: json('ClientMetadata', '').content ?? {}, required: true },
      answers: { 201: json('Client', 'The client.'), 400: REFUSED, 429: TOO_MANY(REFUSED) },
      refusals: ['BUS_UNREACHABLE'],
    },
  },
  '/revoke': {
    tag: 'oauth',
    POST: {
      summary: 'End a token, or with a refresh token the whole grant (RFC 7009)',
      only: 'with OAuth',
      body: { content: form('RevocationRequest'), required: true },
      answers: { 200: json('Revoked', 'It is ended, or never was one.'), 400: REFUSED, 401: REFUSED },
      refusals: ['BUS_UNREACHABLE'],
    },
  },
} as const satisfies Readonly<Record<string, Description>>;
