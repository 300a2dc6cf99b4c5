// Every page of the job list, as a reader who turns them all gets it.
import assert from 'node:assert/strict';
import type { EventLog } from '../../../src/ports/event-log.js';

/** Ids of all jobs, newest first, read `limit` at a time. */
export async function allPages(events: EventLog, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let before: string | undefined;
  do {
    const page = await events.list({ limit, ...(before === undefined ? {} : { before }) });
    assert.ok(page.jobs.length <= limit);
    ids.push(...page.jobs.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  return ids;
}
