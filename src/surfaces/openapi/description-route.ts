// Where the description of this surface is served.
import type { Router } from 'express';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';
import { describeApi } from './describe-api.js';

/** GET /openapi.json; put together when somebody asks for the first time. */
export function addDescriptionRoute(router: Router, { version, mcp }: HttpDeps): void {
  let description: ReturnType<typeof describeApi> | undefined;
  route(router, '/openapi.json', {
    GET(_req, res) {
      description ??= describeApi(version, mcp.schemas.read);
      sendJson(res, 200, description);
    },
  });
}
