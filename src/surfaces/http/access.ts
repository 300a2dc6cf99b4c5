// Which scope each address asks for, in one place: what is not in this table cannot be a route.
import type { RequestHandler, Response } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import type { Scope } from '../../domain/scope.js';
import { ANONYMOUS, callOf, challenge } from './call.js';

/**
 * `public`: nobody is asked who they are. `caller`: whoever was let in; each thing asked for takes its own scope. Two
 * scopes: to read, and to change.
 */
type Access = 'public' | 'caller' | Scope | readonly [read: Scope, write: Scope];

const ACCESS = {
  '/health': 'public',
  '/ready': 'public',
  '/openapi.json': 'public', // the same for everybody, and in the package's docs

  // On every role.
  '/metrics': 'jobs:read',

  '/jobs': ['jobs:read', 'jobs:write'],
  '/jobs/:id': ['jobs:read', 'jobs:write'],
  '/jobs/:id/retry': 'jobs:write',
  '/jobs/:id/callback': 'jobs:write',
  '/jobs/:id/events': 'jobs:read',
  '/jobs/:id/output': 'jobs:read',
  '/jobs/:id/diff': 'jobs:read',
  '/jobs/:id/messages/:attempt/:seq': 'jobs:read',
  '/events': 'jobs:read',
  '/profiles': 'jobs:read',
  '/profiles/health': 'jobs:read',
  '/workers': 'jobs:read',

  '/mcp': 'caller',
  '/sse': 'caller',
  '/messages': 'caller',

  // What these show is the caller's own: others' turns take jobs:read.
  '/v1/models': 'agent:chat',
  '/v1/models/*id': 'agent:chat',
  '/v1/chat/completions': 'agent:chat',
  '/v1/chat/completions/:id/events': 'agent:chat',
  '/completions': 'agent:chat',
  '/completions/:uuid': 'agent:chat',

  '/drain': 'admin',
  '/workers/:name/drain': 'admin',
  '/admin/import': 'admin',
  '/admin/steal': 'admin',
  '/admin/trim': 'admin',
  '/admin/dead/:id/requeue': 'admin',
  '/admin/dead/:id/drop': 'admin',
} as const satisfies Readonly<Record<string, Access>>;

/** An address that is served, as the router spells it. */
export type Address = keyof typeof ACCESS;

/** What this use of the address asks for. */
export function accessOf(address: Address, use: 'read' | 'write'): 'public' | 'caller' | Scope {
  const access: Access = ACCESS[address];
  return typeof access === 'string' ? access : access[use === 'read' ? 0 : 1];
}

/** Lets those pass who have the scope that this use of the address asks for. */
export function permit(address: Address, use: 'read' | 'write'): RequestHandler {
  const access = accessOf(address, use);
  if (access === 'public' || access === 'caller') return (_req, _res, next) => next();
  return (_req, res, next) => {
    assertScope(res, access);
    next();
  };
}

/** Throws INSUFFICIENT_SCOPE when the caller has not got it. */
export function assertScope(res: Response, scope: Scope): void {
  const { caller, scopes } = callOf(res);
  if (scopes.includes(scope)) return;
  // Only what runs the server is closed to those who need not say who they are.
  if (caller === ANONYMOUS)
    throw new AgenticoreError(
      'UNAUTHORIZED',
      'Without API keys only programs on the machine of the server may do this; set AGENTICORE_API_KEYS.',
    );
  challenge(res, { error: 'insufficient_scope', scope });
  throw new AgenticoreError('INSUFFICIENT_SCOPE', `This takes the scope ${scope}, which ${caller} has not.`);
}
