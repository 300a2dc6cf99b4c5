// The server's routes as functions; what they answer is read here and nowhere else.
import { randomUUID } from 'node:crypto';
import { AgenticoreError, isCode } from '../../../domain/errors.js';
import { createHttpClient, type HttpClient, type ServerAddress, wasNotSent } from './http-client.js';
import { type JobView, readJob } from './job-view.js';
import { type JsonObject, numberAt, objectAt, objectsAt, parseObject, textAt } from './json-fields.js';

export interface JobList {
  readonly jobs: readonly JobView[];
  readonly nextCursor: string | undefined;
}

/** Every function throws SERVER_UNREACHABLE, and what the server refuses with. */
export interface JobsApi {
  readonly http: HttpClient;
  submit(order: JsonObject, signal?: AbortSignal): Promise<JobView>;
  list(query: {
    readonly limit: number;
    readonly status?: string;
    readonly cursor?: string;
  }): Promise<JobList>;
  /** How many jobs are in a status. */
  count(status: string): Promise<number>;
  get(id: string, signal?: AbortSignal): Promise<JobView>;
  cancel(id: string): Promise<JobView>;
  retry(id: string, task: string | undefined): Promise<JobView>;
  /** Throws DIFF_NOT_FOUND when there is nothing to compare. */
  diff(id: string, signal?: AbortSignal): Promise<string>;
  profiles(): Promise<readonly JsonObject[]>;
  workers(): Promise<readonly JsonObject[]>;
  health(): Promise<JsonObject>;
  /** The body of /ready, whether it says yes or no. */
  ready(): Promise<{ readonly ready: boolean; readonly body: JsonObject }>;
}

const DIFF_PATIENCE_MS = 120_000;

export function createJobsApi(address: ServerAddress): JobsApi {
  const http = createHttpClient(address);
  const jobOf = (body: JsonObject): JobView => {
    const job = readJob(objectAt(body, 'job'));
    if (job !== undefined) return job;
    throw new AgenticoreError(
      'SERVER_UNREACHABLE',
      `What answers at ${http.url} is no agenticore server: it sent no job.`,
    );
  };
  return {
    http,
    submit: async (order, signal) => jobOf(await submitOnce(http, order, signal)),
    list: async ({ limit, status, cursor }) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (status !== undefined) query.set('status', status);
      if (cursor !== undefined) query.set('cursor', cursor);
      const body = await http.json(`/jobs?${query}`);
      const jobs = objectsAt(body, 'jobs')
        .map(readJob)
        .filter((job) => job !== undefined);
      return { jobs, nextCursor: textAt(body, 'next_cursor') };
    },
    count: async (status) =>
      numberAt(await http.json(`/jobs?${new URLSearchParams({ limit: '1', status })}`), 'total') ?? 0,
    get: async (id, signal) => jobOf(await http.json(pathOf(id), signal ? { signal } : {})),
    cancel: async (id) => jobOf(await http.json(pathOf(id), { method: 'DELETE' })),
    retry: async (id, task) =>
      jobOf(
        await http.json(`${pathOf(id)}/retry`, { method: 'POST', body: task === undefined ? {} : { task } }),
      ),
    diff: (id, signal) =>
      http.text(`${pathOf(id)}/diff`, { timeoutMs: DIFF_PATIENCE_MS, ...(signal ? { signal } : {}) }),
    profiles: async () => objectsAt(await http.json('/profiles'), 'profiles'),
    workers: async () => objectsAt(await http.json('/workers'), 'workers'),
    health: () => http.json('/health'),
    ready: async () => {
      const response = await http.send('/ready');
      const text = await response.text().catch(() => '');
      return { ready: response.ok, body: parseObject(text) ?? {} };
    },
  };
}

const pathOf = (id: string): string => `/jobs/${encodeURIComponent(id)}`;

/** When the connection breaks after the request was sent, asks once more with the same key: one job at most. */
async function submitOnce(
  http: HttpClient,
  order: JsonObject,
  signal: AbortSignal | undefined,
): Promise<JsonObject> {
  const request = {
    method: 'POST' as const,
    body: order,
    headers: { 'idempotency-key': randomUUID() },
    ...(signal ? { signal } : {}),
  };
  try {
    return await http.json('/jobs', request);
  } catch (error) {
    if (!isCode(error, 'SERVER_UNREACHABLE') || wasNotSent(error)) throw error;
    return http.json('/jobs', request);
  }
}
