// Folds every ledger again and compares what was derived from it; mends what differs. The ledger is the truth: one that
// is broken is only reported.
import { AgenticoreError, isCode } from '../../domain/errors.js';
import { canonicalJson, firstBreak, type Hash, type LedgerRecord } from '../../domain/evidence.js';
import { foldLedger } from '../../domain/fold-ledger.js';
import type { Bus } from '../../ports/bus.js';
import type { StoredJob } from '../../ports/stored-job.js';

export interface Rebuilt {
  readonly jobId: string;
  /** What differed, in words. */
  readonly what: readonly string[];
  /** False for a ledger that is broken: nothing can be mended from it. */
  readonly canBeMended: boolean;
}

/** A job that changes this often between two looks is well: its transitions write what we would. */
const LOOKS = 10;

/** Yields the jobs that differed, and calls `looked` for each job. With `mend` they agree afterwards. */
export async function* rebuildJobs(
  bus: Bus,
  hash: Hash,
  mend: boolean,
  looked: () => void,
): AsyncGenerator<Rebuilt> {
  for await (const jobId of bus.custody.jobIds()) {
    looked();
    const rebuilt = await rebuildJob(bus, hash, jobId, mend);
    if (rebuilt !== undefined) yield rebuilt;
  }
  for await (const { jobId, what } of bus.custody.strays(mend))
    yield { jobId, what: [what], canBeMended: true };
}

async function rebuildJob(bus: Bus, hash: Hash, jobId: string, mend: boolean): Promise<Rebuilt | undefined> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const stored = await bus.events.load(jobId).catch(() => undefined); // a damaged view is one that differs
    const records = await readLedger(bus, jobId);
    if (typeof records === 'string') return { jobId, what: [records], canBeMended: false };
    if (records.length === 0) return undefined; // removed meanwhile
    const after = fold(records, jobId, hash);
    if (typeof after === 'string') return { jobId, what: [after], canBeMended: false };
    if (stored !== undefined && stored.job.version !== after.job.version) continue; // it changed between two looks
    // Redis folds the ledger at each reading; the file bus at its start, and trusts the hash in each line.
    if (stored === undefined || !isSame(stored, after))
      return { jobId, what: ['the hash in the last line of its ledger'], canBeMended: false };
    const what = await bus.custody.reconcile(jobId, after, mend);
    if (what === undefined) continue;
    return what.length === 0 ? undefined : { jobId, what, canBeMended: true };
  }
  return undefined;
}

/** The records, or why there are none to be had. */
const readLedger = (bus: Bus, jobId: string): Promise<readonly LedgerRecord[] | string> =>
  bus.events.read(jobId).catch((error: unknown) => {
    if (!(error instanceof AgenticoreError) || !isCode(error, 'BUS_CORRUPT')) throw error;
    return error.message.replace(/\.$/, '');
  });

/** What the ledger adds up to, or what is wrong with it. */
function fold(records: readonly LedgerRecord[], jobId: string, hash: Hash): StoredJob | string {
  const broken = firstBreak(records, hash);
  if (broken !== undefined) return `its ledger breaks at version ${broken}`;
  try {
    const folded = foldLedger(records, hash);
    if (folded?.job.id === jobId) return folded;
  } catch {
    // said below
  }
  return 'its ledger is not understood, or of another job';
}

const isSame = (a: StoredJob, b: StoredJob): boolean =>
  a.head() === b.head() && canonicalJson(a.job) === canonicalJson(b.job);
