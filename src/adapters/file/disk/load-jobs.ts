// Finds the jobs on disk at start. A folder that cannot be read is reported and left as it is: it must not keep the
// others from working.
import type { Dirent } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCursors } from '../../../domain/cursor.js';
import { AgenticoreError, messageOf } from '../../../domain/errors.js';
import { isTerminal } from '../../../domain/job.js';
import type { Log } from '../../../ports/log.js';
import { hasCode } from '../../host/system-error.js';
import { createKeptJob, type KeptJob, LEDGER, messagesOf, REQUEST } from './kept-job.js';
import { type LedgerLine, readLedger } from './ledger-file.js';

export interface LoadedJob {
  readonly job: KeptJob;
  readonly lines: readonly LedgerLine[];
  /** The greatest cursor in the job's files. */
  readonly lastCursor: string;
}

const AT_ONCE = 16;

/** `open`: beginnings of jobs that were cut short are removed. `look`: nothing is touched, for somebody else may write. */
export type LoadPurpose = 'open' | 'look';

/**
 * Every readable job under `jobsDir`, in the order of their last transitions. Logs `bus.ledger_unreadable` for a
 * folder that is skipped, and `bus.ledger_torn` for a line that was cut short.
 */
export async function loadJobs(
  jobsDir: string,
  log: Log,
  purpose: LoadPurpose = 'open',
): Promise<readonly LoadedJob[]> {
  const folders = (await listFolder(jobsDir, purpose)).filter((entry) => entry.isDirectory());
  const found: LoadedJob[] = [];
  const rest = folders.values();
  const readOn = async (): Promise<void> => {
    for (const { name } of rest) {
      try {
        const loaded = await loadJob(join(jobsDir, name), name, log, purpose);
        if (loaded) found.push(loaded);
      } catch (error) {
        log(
          'bus.ledger_unreadable',
          { job_id: name, path: join(jobsDir, name, LEDGER), error: messageOf(error) },
          'error',
        );
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  return found.sort((a, b) => compareCursors(a.job.lastEvent, b.job.lastEvent));
}

async function listFolder(path: string, purpose: LoadPurpose): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (purpose === 'look' && hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** One job; undefined when its making was cut short. Throws BUS_CORRUPT. */
export async function loadJob(
  folder: string,
  jobId: string,
  log: Log,
  purpose: LoadPurpose,
): Promise<LoadedJob | undefined> {
  const names = await readdir(folder);
  const ledger = names.includes(LEDGER) ? await readLedger(join(folder, LEDGER), jobId) : undefined;
  if (ledger === undefined) {
    if (names.some((name) => name !== LEDGER && name !== REQUEST))
      throw new AgenticoreError('BUS_CORRUPT', `${folder} has no ledger.`);
    if (purpose === 'open') await rm(folder, { recursive: true, force: true }); // its making was cut short: nobody was promised anything
    return undefined;
  }
  const { lines, stored, length, torn } = ledger;
  if (torn > 0) log('bus.ledger_torn', { job_id: jobId, path: join(folder, LEDGER), bytes: torn }, 'warn');
  const job = createKeptJob(folder, stored, lines, length);
  // The end of a job comes after its last message: only unfinished ones may hold a greater cursor there.
  const lastMessage = isTerminal(stored.job.status) ? undefined : (await messagesOf(job)).last?.cursor;
  const later = lastMessage !== undefined && compareCursors(lastMessage, job.lastEvent) > 0;
  return { job, lines, lastCursor: later ? lastMessage : job.lastEvent };
}
