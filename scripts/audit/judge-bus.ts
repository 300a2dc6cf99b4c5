// Whether the bus holds what was once written there: what was taken out, put in or changed breaks a chain; what was cut
// off misses a seal.
import { createHash } from 'node:crypto';
import { canonicalJson, firstBreak, type LedgerRecord } from '../../src/domain/evidence.js';
import { foreignLine, lines } from './layers.js';
import type { Run } from './run.js';
import { check, faultless, type Verdict } from './verdict.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The checks of ledger and transcript alone. */
export function judgeBus({ jobId, ledger, messages }: Run): readonly Verdict[] {
  const records = lines(ledger) as unknown as readonly LedgerRecord[];
  const [first] = records;
  const broken = firstBreak(records, sha256);
  const started = records.findLast(({ type }) => type === 'AttemptStarted');
  const finished = records.findLast((record) => record.type === 'ClaudeFinished')?.transcript;
  const last = records.at(-1);
  const ended =
    last !== undefined && 'transcript' in last && last.type.startsWith('Job') ? last.transcript : undefined;
  let head = started === undefined ? '' : sha256(canonicalJson(started));
  let count = 0;
  let torn: number | undefined;
  for (const line of messages.split('\n').filter((text) => text !== '')) {
    count += 1;
    if (lines(line)[0]?.prev !== head) torn ??= count;
    head = sha256(line);
  }
  const foreign = foreignLine(ledger) ?? foreignLine(messages);
  return [
    check(
      'the ledger is that of the job',
      first?.type === 'JobSubmitted' && first.jobId === jobId,
      first?.type === 'JobSubmitted' ? first.jobId : 'no submission',
    ),
    faultless('every line of the bus is JSON', foreign === undefined ? undefined : `line ${foreign} is not`),
    check(
      'the chain of the ledger is whole',
      records.length > 0 && broken === undefined,
      broken === undefined ? `${records.length} events` : `broken at version ${broken}`,
    ),
    check('the ledger ends with the end of the job', ended !== undefined, last?.type ?? 'nothing'),
    check(
      'the chain of the transcript is whole',
      count > 0 && torn === undefined,
      torn === undefined ? `${count} messages` : `broken at message ${torn}`,
    ),
    check(
      'the transcript ends where the ledger says',
      finished?.count === count && finished.head === head,
      `${count} of ${finished?.count ?? 'unknown'} messages`,
    ),
    check(
      'the end of the job has the same seal',
      ended !== undefined && canonicalJson(ended) === canonicalJson(finished),
      ended ?? 'no seal',
    ),
  ];
}
