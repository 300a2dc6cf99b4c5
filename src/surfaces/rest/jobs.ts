// Jobs over REST: submit, look, list, cancel, submit once more.
import type { Request, Response, Router } from 'express';
import { askForCallback, cancelJob, getJob, waitForEnd } from '../../app/inspect-jobs.js';
import { retryJob, submitJob } from '../../app/submit-job.js';
import { AgenticoreError } from '../../domain/errors.js';
import { isTerminal, JOB_STATUSES, type Job } from '../../domain/job.js';
import { withAnySignal } from '../http/any-signal.js';
import { callOf } from '../http/call.js';
import type { HttpDeps } from '../http/http-deps.js';
import { invalid, jobIdOf, jsonBody, queryChoice, queryLimit, queryText, takeBody } from '../http/limits.js';
import { route, sendJson } from '../http/route.js';
import { DEFAULT_LIST, jobAnswer, jobListAnswer, MAX_LIST, wholeJobAnswer } from './job-answers.js';
import { type JobRequestBody, submitContext, toJobRequest } from './job-request.js';

const MAX_CURSOR_CHARS = 256;
const ONLY_TURNS =
  'This server is an agent (AGENT_MODE) and runs no coding jobs; chat with it at /v1/chat/completions, or submit to a server without AGENT_MODE.';

/** POST and GET /jobs, GET and DELETE /jobs/{id}, POST /jobs/{id}/callback and /jobs/{id}/retry. */
export function addJobRoutes(router: Router, deps: HttpDeps): void {
  const body = takeBody(deps.limits.maxBodyBytes);
  const { events } = deps.bus;
  // An agent claims turns: a coding job would wait there for nobody.
  const isFleet = deps.agent === undefined;

  route(router, '/jobs', {
    ...(isFleet ? { POST: [body, (req, res) => postJob(deps, req, res)] } : { whyNoPost: ONLY_TURNS }),
    async GET(req, res) {
      const status = queryChoice(req, 'status', JOB_STATUSES);
      const before = cursorOf(req);
      const query = {
        limit: queryLimit(req, { usual: DEFAULT_LIST, most: MAX_LIST }),
        ...(status ? { status } : {}),
        ...(before ? { before } : {}),
      };
      sendJson(res, 200, await jobListAnswer(events, query));
    },
  });

  route(router, '/jobs/:id', {
    async GET(req, res) {
      sendJson(res, 200, jobAnswer(await getJob(events, jobIdOf(req))));
    },
    async DELETE(req, res) {
      const job = await cancelJob(deps.submit, jobIdOf(req), callOf(res).caller);
      sendJson(res, 200, await wholeJobAnswer(events, job));
    },
  });

  route(router, '/jobs/:id/callback', {
    POST: [
      async (req, res) => {
        const job = await askForCallback(deps.submit, jobIdOf(req), callOf(res).caller);
        sendJson(res, 202, jobAnswer({ job }));
      },
    ],
  });

  if (!isFleet) {
    router.post('/jobs/:id/retry', () => {
      throw new AgenticoreError('NOT_FOUND', ONLY_TURNS);
    });
    return;
  }
  route(router, '/jobs/:id/retry', {
    POST: [
      body,
      async (req, res) => {
        const jobId = jobIdOf(req);
        const { task } = jsonBody(req, deps.checkers.jobRetry, {}) as { readonly task?: string };
        const job = await retryJob(deps.submit, jobId, task, submitContext(req, callOf(res).caller));
        sendAccepted(res, job);
      },
    ],
  });
}

async function postJob(deps: HttpDeps, req: Request, res: Response): Promise<void> {
  const body = jsonBody(req, deps.checkers.jobRequest) as JobRequestBody;
  const job = await submitJob(deps.submit, toJobRequest(body), submitContext(req, callOf(res).caller));
  if (!body.wait) return sendAccepted(res, job);

  const waitMs = Math.min(deps.limits.maxWaitMs, (body.wait_seconds ?? Number.POSITIVE_INFINITY) * 1000);
  const left = new AbortController();
  // Whoever hangs up stops waiting; the job goes on.
  res.once('close', () => left.abort());
  const enough = [AbortSignal.timeout(waitMs), left.signal, deps.closing];
  const now = await withAnySignal(enough, (signal) => waitForEnd(deps.bus, job.id, signal)).catch(
    (error: unknown) => {
      // The job is accepted, whatever became of the waiting.
      deps.log('http.wait_failed', { request_id: callOf(res).requestId, error: String(error) }, 'warn');
      return job;
    },
  );
  if (left.signal.aborted) return;
  if (!isTerminal(now.status)) return sendAccepted(res, now);
  const answer = await wholeJobAnswer(deps.bus.events, now);
  res.setHeader('Location', `/jobs/${now.id}`);
  sendJson(res, 200, answer);
}

function sendAccepted(res: Response, job: Job): void {
  res.setHeader('Location', `/jobs/${job.id}`);
  sendJson(res, 202, jobAnswer({ job }));
}

function cursorOf(req: Request): string | undefined {
  const cursor = queryText(req, 'cursor');
  if (cursor !== undefined && cursor.length > MAX_CURSOR_CHARS)
    throw invalid('cursor', 'is not one that this server gave');
  return cursor;
}
