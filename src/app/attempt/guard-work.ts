// Before the push: what the work would give away is held against the profile's guard. A finding stops the push; the
// commit stays where it is kept, and the ledger tells a person what was found where.
import { AgenticoreError } from '../../domain/errors.js';
import { blockedInWords, type Finding, judgeWork, withoutTexts } from '../../domain/guard.js';
import type { GuardPolicy } from '../../domain/profile.js';
import type { Workspace } from '../../ports/workspace.js';
import type { Attempt, AttemptDeps } from './attempt.js';
import { findSecrets } from './find-secrets.js';

/** So many are told: nobody reads more, and a ledger is kept in memory. */
const TOLD = 20;
const PATH_CHARS = 300;

/** Throws PUSH_BLOCKED, after the ledger was told why, when the commit `oid` may not leave. */
export async function guardWork(
  deps: AttemptDeps,
  attempt: Attempt,
  workspace: Workspace,
  policy: GuardPolicy,
  oid: string,
): Promise<void> {
  const work = await workspace.work(attempt.signal);
  const secrets = await findSecrets(deps, work, policy, attempt.signal);
  const findings = [...secrets.findings, ...judgeWork(work, policy, deps.matchPaths)];
  if (findings.length === 0) return;
  const redact = (text: string): string => deps.redact(withoutTexts(text, secrets.texts));
  const told = findings.slice(0, TOLD).map((finding) => printable(finding, redact));
  await attempt.report([{ type: 'PushBlocked', findings: told, total: findings.length }]);
  throw new AgenticoreError('PUSH_BLOCKED', blockedInWords(told, findings.length, oid));
}

/** A path is Claude's text like any other. */
function printable(finding: Finding, redact: (text: string) => string): Finding {
  if (finding.path === undefined) return finding;
  const path = redact(finding.path);
  return { ...finding, path: path.length > PATH_CHARS ? `${path.slice(0, PATH_CHARS)}...` : path };
}
