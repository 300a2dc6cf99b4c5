// What the keeper of a file bus asks of the server that has it; on Redis the keeper goes to the bus itself.
import type { Request, RequestHandler, Router } from 'express';
import { dropLetter, requeueLetter } from '../../app/admin/dead-letters.js';
import { importJobs } from '../../app/admin/import-jobs.js';
import { textLines } from '../../app/admin/text-lines.js';
import { type TrimOrder, trimJobs } from '../../app/admin/trim-jobs.js';
import { AgenticoreError } from '../../domain/errors.js';
import { callOf } from '../http/call.js';
import type { HttpDeps } from '../http/http-deps.js';
import { invalid, jobIdOf, jsonBody, queryChoice, queryText, takeBody } from '../http/limits.js';
import { route, sendJson } from '../http/route.js';
import { importJson, pendingJson } from '../wire/admin-json.js';

/** POST /admin/import, /admin/steal, /admin/trim, /admin/dead/{id}/requeue and /drop. */
export function addAdminRoutes(router: Router, deps: HttpDeps): void {
  const { custody } = deps.bus;

  route(router, '/admin/import', {
    POST: [
      linesOnly,
      async (req, res) => {
        const open = queryChoice(req, 'open', ['true', 'false']) === 'true';
        const report = await importJobs({ custody, hash: deps.submit.hash }, textLines(req), open);
        req.resume(); // what stands behind a torn line is not looked at
        sendJson(res, 200, { success: true, ...importJson(report) });
      },
    ],
  });

  route(router, '/admin/steal', {
    POST: [
      async (req, res) => {
        const taken = await custody.steal(millisecondsOf(req, 'min_idle_ms'));
        sendJson(res, 200, { success: true, pending: taken.map(pendingJson) });
      },
    ],
  });

  route(router, '/admin/trim', {
    POST: [
      async (req, res) => {
        const trimmed = await trimJobs(deps.bus, deps.submit.hash, trimOrderOf(req));
        sendJson(res, 200, { success: true, trimmed });
      },
    ],
  });

  route(router, '/admin/dead/:id/requeue', {
    POST: [
      takeBody(deps.limits.maxBodyBytes),
      async (req, res) => {
        const { task } = jsonBody(req, deps.checkers.jobRetry, {}) as { readonly task?: string };
        const again = await requeueLetter(deps.submit, jobIdOf(req), callOf(res).caller, task);
        sendJson(res, 202, { success: true, job_id: again.id });
      },
    ],
  });

  route(router, '/admin/dead/:id/drop', {
    POST: [
      async (req, res) => {
        await dropLetter(deps.submit, jobIdOf(req), callOf(res).caller);
        sendJson(res, 200, { success: true });
      },
    ],
  });
}

/** One job by its id, or those that ended before a time. */
function trimOrderOf(req: Request): TrimOrder {
  const jobId = queryText(req, 'job');
  return jobId === undefined ? { endedBefore: millisecondsOf(req, 'ended_before_ms') } : { jobId };
}

const linesOnly: RequestHandler = (req, _res, next) => {
  if (req.headers['content-type'] !== 'application/x-ndjson') {
    throw new AgenticoreError('UNSUPPORTED_MEDIA_TYPE', 'Send the export as application/x-ndjson.');
  }
  next();
};

function millisecondsOf(req: Request, name: string): number {
  const text = queryText(req, name) ?? '';
  if (!/^\d{1,15}$/.test(text)) throw invalid(name, 'must be a whole number of milliseconds');
  return Number(text);
}
