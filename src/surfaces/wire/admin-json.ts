// What the keeper's verbs tell, as JSON: the same on stdout and from the server that has the file bus.
import type { ImportReport } from '../../app/admin/import-jobs.js';
import type { PendingEntry } from '../../ports/custody.js';

export const pendingJson = ({
  lane,
  jobId,
  worker,
  idleMs,
  deliveries,
}: PendingEntry): Record<string, unknown> => ({
  lane,
  job_id: jobId,
  worker,
  idle_ms: idleMs,
  deliveries,
});

export const importJson = ({ imported, same, refused, torn }: ImportReport): Record<string, unknown> => ({
  imported,
  same,
  refused: refused.map(({ jobId, reason }) => ({ job_id: jobId, reason })),
  torn: torn ?? null,
});
