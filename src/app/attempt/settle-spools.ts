// What a process that died while the bus was away had put on this host's disk: forwarded while its attempt is still
// the current one, kept as marked evidence otherwise.
import { isCode, messageOf } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';
import type { Spool, SpoolName, Spools } from '../../ports/spool.js';
import type { TranscriptLog } from '../../ports/transcript-log.js';

export interface SettleDeps {
  readonly spools: Spools;
  readonly transcript: TranscriptLog;
  readonly log: Log;
}

/** Settles the spools that earlier attempts of the job left here, oldest first. Throws BUS_UNREACHABLE. */
export async function settleSpools(deps: SettleDeps, jobId: string): Promise<void> {
  for (const name of await deps.spools.left(jobId)) await settleSpool(deps, name);
}

/**
 * Keeps as evidence what earlier attempts left here of a job that has none in its ledger: the bus was restored from an
 * older state. Its messages would pass for those of the first attempt.
 */
export async function shelveSpools(deps: SettleDeps, jobId: string): Promise<void> {
  for (const name of await deps.spools.left(jobId)) await settleSpool(deps, name, async () => 'overtaken');
}

/** Settles one spool that no living attempt writes to. Throws BUS_UNREACHABLE; it stays as it is then. */
async function settleSpool(deps: SettleDeps, name: SpoolName, refuse = refusalOf): Promise<void> {
  const ids = { job_id: name.jobId, attempt: name.attempt };
  const spool = deps.spools.open(name);
  try {
    const reason = await refuse(deps, name, spool);
    await (reason === undefined ? spool.remove() : spool.keepAsStale());
    const bytes = spool.bytes;
    if (reason === undefined) deps.log('transcript.spool_forwarded', { ...ids, bytes });
    else deps.log('transcript.spool_stale', { ...ids, bytes, reason }, 'warn');
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) throw error;
    deps.log('transcript.spool_failed', { ...ids, error: messageOf(error) }, 'warn'); // the disk; the next attempt goes on
  } finally {
    await spool.close();
  }
}

/** Forwards all of it; why that cannot be done, when it cannot. */
async function refusalOf(deps: SettleDeps, name: SpoolName, spool: Spool): Promise<string | undefined> {
  try {
    for (let batch = await spool.next(); batch.length > 0; batch = await spool.next()) {
      if ((await deps.transcript.append(name.jobId, name.attempt, batch)) === 'stale') return 'overtaken';
      spool.pass();
    }
    return undefined;
  } catch (error) {
    if (isCode(error, 'BUS_UNREACHABLE')) throw error;
    return messageOf(error); // a damaged file, or a bus that knows less than it once did
  }
}
