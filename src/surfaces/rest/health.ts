// Is it alive, and may work be sent to it. Public, and never a question of load.
import type { Router } from 'express';
import { messageOf } from '../../domain/errors.js';
import type { HttpDeps, Readiness } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';

const RETRY_S = '5';

/** GET /health (alive; asks nothing of the bus) and GET /ready (bus, profiles, not draining). */
export function addHealthRoutes(router: Router, { version, health, readiness, log }: HttpDeps): void {
  route(router, '/health', {
    GET: (_req, res) => sendJson(res, 200, { status: 'ok', service: 'agenticore', version, ...health() }),
  });
  route(router, '/ready', {
    async GET(_req, res) {
      const { ready, reasons } = await readiness().catch((error: unknown): Readiness => {
        log('ready.failed', { error: messageOf(error) }, 'warn');
        return { ready: false, reasons: ['The check itself failed; see the log.'] };
      });
      if (!ready) res.setHeader('Retry-After', RETRY_S);
      sendJson(res, ready ? 200 : 503, { success: ready, ready, reasons });
    },
  });
}
