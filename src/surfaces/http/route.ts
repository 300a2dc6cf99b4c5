// One address and its methods, for those who may; any other method is answered 405 with the list.
import type { Request, RequestHandler, Response, Router } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import { type Address, permit } from './access.js';

export type Handler = (req: Request, res: Response) => Promise<void> | void;

export interface Methods {
  readonly GET?: Handler;
  readonly POST?: readonly [...RequestHandler[], Handler];
  readonly DELETE?: Handler;
  /** Why there is no POST, where somebody may expect it: a sentence. */
  readonly whyNoPost?: string;
}

/** Adds an address. HEAD comes with GET. */
export function route(router: Router, path: Address, { GET, POST, DELETE, whyNoPost }: Methods): void {
  if (GET) router.get(path, permit(path, 'read'), GET);
  if (POST) router.post(path, permit(path, 'write'), ...POST);
  if (DELETE) router.delete(path, permit(path, 'write'), DELETE);
  const allow = [GET && 'GET, HEAD', POST && 'POST', DELETE && 'DELETE']
    .filter((name) => name !== undefined)
    .join(', ');
  router.all(path, ({ method }, res) => {
    res.setHeader('Allow', allow);
    const why = method === 'POST' ? whyNoPost : undefined;
    throw new AgenticoreError('METHOD_NOT_ALLOWED', why ?? `Only ${allow} can be used here.`);
  });
}

/** Answers with JSON. */
export function sendJson(res: Response, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}
