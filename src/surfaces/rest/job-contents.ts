// What came out of a job: its answer, its transcript, its diff, and single messages too large for the feed.
import type { Response, Router } from 'express';
import { diffOfJob, getJob } from '../../app/inspect-jobs.js';
import { readTranscript } from '../../app/read-transcript.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { HttpDeps } from '../http/http-deps.js';
import { jobIdOf, queryChoice } from '../http/limits.js';
import { createOutflow, sendText } from '../http/outflow.js';
import { route } from '../http/route.js';

/** GET /jobs/{id}/output, /diff and /messages/{attempt}/{seq}. */
export function addJobContentRoutes(router: Router, deps: HttpDeps): void {
  const { bus, limits } = deps;

  route(router, '/jobs/:id/output', {
    async GET(req, res) {
      const jobId = jobIdOf(req);
      const format = queryChoice(req, 'format', ['text', 'jsonl']);
      const { answer } = await getJob(bus.events, jobId);
      if (format === 'jsonl') return sendTranscript(deps, jobId, res);
      if (answer === undefined) throw new AgenticoreError('OUTPUT_NOT_FOUND');
      await sendText(res, 'text/plain; charset=utf-8', answer, limits);
    },
  });

  route(router, '/jobs/:id/diff', {
    async GET(req, res) {
      const diff = await diffOfJob({ ...deps, events: bus.events }, jobIdOf(req));
      await sendText(res, 'text/x-diff; charset=utf-8', diff, limits);
    },
  });

  route(router, '/jobs/:id/messages/:attempt/:seq', {
    async GET(req, res) {
      const whole = await bus.transcript.whole(
        jobIdOf(req),
        place(req.params.attempt),
        place(req.params.seq),
      );
      if (whole === undefined) throw new AgenticoreError('MESSAGE_NOT_FOUND');
      await sendText(res, 'application/json', whole, limits);
    },
  });
}

function place(text: unknown): number {
  if (!/^[1-9]\d{0,8}$/.test(String(text))) throw new AgenticoreError('MESSAGE_NOT_FOUND');
  return Number(text);
}

/** Complete messages up to now, one per line. */
async function sendTranscript({ bus, limits }: HttpDeps, jobId: string, res: Response): Promise<void> {
  const lines = readTranscript(bus, jobId);
  // The first is read before the headers, so that a bus that is away is still answered with 503.
  let line = await lines.next();
  res.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const outflow = createOutflow(res, limits);
  while (!line.done && (await outflow.write(`${line.value}\n`))) line = await lines.next();
  outflow.end();
}
