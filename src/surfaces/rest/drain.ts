// Draining: this process, on every role, or any worker of the fleet by its name; and who the workers are.
import type { Response, Router } from 'express';
import { AgenticoreError } from '../../domain/errors.js';
import type { WorkerRecord } from '../../ports/registry.js';
import { callOf } from '../http/call.js';
import type { HttpDeps } from '../http/http-deps.js';
import { route, sendJson } from '../http/route.js';

/** GET /drain (how far it is) and POST /drain (begin), of the process that is asked. */
export function addDrainRoutes(router: Router, { drain }: HttpDeps): void {
  const say = (res: Response, status: number): void =>
    sendJson(res, status, { success: true, ...drain.state() });
  route(router, '/drain', {
    GET: (_req, res) => say(res, 200),
    POST: [
      (_req, res) => {
        drain.begin(callOf(res).caller);
        say(res, 202);
      },
    ],
  });
}

/** GET /workers, and POST /workers/{name}/drain. */
export function addWorkerRoutes(router: Router, deps: HttpDeps): void {
  const { registry } = deps.bus;
  route(router, '/workers', {
    async GET(_req, res) {
      const workers = [...(await registry.list())].sort((a, b) => a.startedAt - b.startedAt).map(workerJson);
      sendJson(res, 200, { success: true, count: workers.length, workers });
    },
  });
  route(router, '/workers/:name/drain', {
    POST: [
      async (req, res) => {
        const name = String(req.params.name);
        if (!(await registry.askToDrain(name))) throw new AgenticoreError('WORKER_NOT_FOUND');
        deps.log('worker.asked_to_drain', { worker: name, by: callOf(res).caller });
        sendJson(res, 202, { success: true, name });
      },
    ],
  });
}

function workerJson(record: WorkerRecord): Record<string, unknown> {
  const { worker: name, host, version, slots, running, draining } = record;
  const [started_at, seen_at] = [record.startedAt, record.seenAt].map((at) => new Date(at).toISOString());
  return { name, host, version, slots, running, draining, started_at, seen_at };
}
