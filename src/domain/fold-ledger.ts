// From a ledger to where its job stands: the one way to read what has been written.
import { canonicalJson, eventOf, type Hash, type LedgerRecord } from './evidence.js';
import { evolve, type Job } from './job.js';

/** The job that these records add up to, and how to hash the last one; undefined when there is none. */
export function foldLedger(
  records: readonly LedgerRecord[],
  hash: Hash,
): { readonly job: Job; readonly head: () => string } | undefined {
  const last = records.at(-1);
  const job = records.reduce<Job | undefined>((before, record) => evolve(before, eventOf(record)), undefined);
  return job && last && { job, head: () => hash(canonicalJson(last)) };
}
