// What a request may do, in the form in which the SDK hands it to whoever answers.
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import type { Response } from 'express';
import { callOf } from '../../http/call.js';

/** The caller, and what that one may do. */
export function authInfoOf(res: Response): AuthInfo {
  const { caller, scopes } = callOf(res);
  return { token: '', clientId: caller, scopes: [...scopes] }; // the token itself stays at the door
}
