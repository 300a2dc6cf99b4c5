// What a request may do, in the form in which the SDK hands it to whoever answers.
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import type { Response } from 'express';
import { SCOPES } from '../../../domain/scope.js';
import { callOf } from '../../http/call.js';

/** Whoever was let in may do everything that there is to do here. */
export const authInfoOf = (res: Response): AuthInfo => ({
  token: '', // stays at the door
  clientId: callOf(res).caller,
  scopes: [...SCOPES],
});
