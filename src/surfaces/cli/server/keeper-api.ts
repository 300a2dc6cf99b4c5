// What the keeper asks of the server that has a file bus, and how its answers read.
import type { ImportReport } from '../../../app/admin/import-jobs.js';
import type { TrimOrder } from '../../../app/admin/trim-jobs.js';
import type { PendingEntry } from '../../../ports/custody.js';
import type { HttpClient } from './http-client.js';
import { numberAt, objectsAt, textAt } from './json-fields.js';

/** Longer than a server needs for the largest job. */
const PATIENCE_MS = 120_000;

/** Sends the lines of an export. Throws the server's refusals. */
export async function sendExport(
  http: HttpClient,
  lines: AsyncIterable<string>,
  open: boolean,
): Promise<ImportReport> {
  const told = await http.json(`/admin/import${open ? '?open=true' : ''}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    stream: bytesOf(lines),
    timeoutMs: PATIENCE_MS,
  });
  const torn = textAt(told, 'torn');
  return {
    imported: numberAt(told, 'imported') ?? 0,
    same: numberAt(told, 'same') ?? 0,
    refused: objectsAt(told, 'refused').map((one) => ({
      jobId: textAt(one, 'job_id') ?? '',
      reason: textAt(one, 'reason') ?? '',
    })),
    ...(torn === undefined ? {} : { torn }),
  };
}

async function* bytesOf(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const line of lines) yield encoder.encode(`${line}\n`);
}

/** Has what was idle for so long taken from its workers. */
export async function stealAtServer(http: HttpClient, minIdleMs: number): Promise<readonly PendingEntry[]> {
  const told = await http.json(`/admin/steal?min_idle_ms=${minIdleMs}`, { method: 'POST' });
  return objectsAt(told, 'pending').map((entry) => ({
    lane: textAt(entry, 'lane') ?? '',
    jobId: textAt(entry, 'job_id') ?? '',
    worker: textAt(entry, 'worker') ?? '',
    idleMs: numberAt(entry, 'idle_ms') ?? 0,
    deliveries: numberAt(entry, 'deliveries') ?? 0,
  }));
}

/** Has what was said in these jobs forgotten; gives the ids of those that were not trimmed before. */
export async function trimAtServer(http: HttpClient, order: TrimOrder): Promise<readonly string[]> {
  const query = 'jobId' in order ? `job=${order.jobId}` : `ended_before_ms=${Math.round(order.endedBefore)}`;
  const told = await http.json(`/admin/trim?${query}`, { method: 'POST', timeoutMs: PATIENCE_MS });
  return Array.isArray(told.trimmed) ? told.trimmed.filter((id) => typeof id === 'string') : [];
}

/** Has the job of a dead letter submitted once more; gives the id of the new job. */
export async function requeueAtServer(http: HttpClient, jobId: string, task?: string): Promise<string> {
  const body = task === undefined ? {} : { task };
  const told = await http.json(`/admin/dead/${jobId}/requeue`, { method: 'POST', body });
  return textAt(told, 'job_id') ?? '';
}

/** Has a dead letter closed. */
export async function dropAtServer(http: HttpClient, jobId: string): Promise<void> {
  await http.json(`/admin/dead/${jobId}/drop`, { method: 'POST' });
}
