// Where the description of this surface is served.
import type { Router } from 'express';
import type { JsonRecord } from '../../domain/json-record.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';

/** GET /openapi.json; put together when somebody asks for the first time. */
export function addDescriptionRoute(router: Router, { version, mcp }: HttpDeps): void {
  const describe = async (): Promise<JsonRecord> =>
    (await import('./describe-api.js')).describeApi(version, mcp.schemas.read);
  let description: Promise<JsonRecord> | undefined;
  route(router, '/openapi.json', {
    async GET(_req, res) {
      description ??= describe().catch((error: unknown) => {
        description = undefined; // the next one may have more luck
        throw error;
      });
      sendJson(res, 200, await description);
    },
  });
}
