// How the attempts of a run ended, counted: what the violence came to, and whether work was done twice.
import type { JobEvidence } from './job-evidence.js';

/** Figures by name. */
export function fatesOf(evidence: readonly JobEvidence[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { records } of evidence) {
    for (const record of records) {
      if (record.type === 'AttemptStarted') count('attempts');
      if (record.type === 'ClaudeStarted' && record.resumed)
        count('attempts that went on in an earlier session');
      if (record.type === 'AttemptLost') count('attempts that lost their worker');
      if (record.type === 'AttemptHandedBack') count('attempts handed back');
    }
    const committed = records.findIndex(({ type }) => type === 'CommitReady');
    if (committed !== -1 && records.slice(committed).some(({ type }) => type === 'ClaudeFinished'))
      count('jobs done again after their commit, on a host that did not have it');
  }
  return Object.fromEntries(counts);
}
