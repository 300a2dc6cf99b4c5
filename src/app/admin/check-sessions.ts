// The transcript of a job against the session files that Claude wrote, where they are on this disk.
import type { LedgerRecord } from '../../domain/evidence.js';
import { type HeardMessage, openSessionRecord, type SessionRecord } from '../../domain/session-record.js';
import type { Check } from './check.js';

/** The text of Claude's session file of a job; undefined when it is not on this disk. */
export type ReadSession = (jobId: string, sessionId: string) => Promise<string | undefined>;

export interface SessionCheck {
  /** The next message of the transcript. */
  take(heard: HeardMessage): void;
  check(trimmed: boolean): Check;
}

/**
 * A check of the sessions that the ledger names; `read` is asked once for each of them. Only attempts that came to their
 * end are compared: of one that was killed, neither side needs to have the last words.
 */
export async function createSessionCheck(
  records: readonly LedgerRecord[],
  read: (sessionId: string) => Promise<string | undefined>,
): Promise<SessionCheck> {
  const bySession = new Map<string, SessionRecord | undefined>();
  const byAttempt = new Map<number, SessionRecord>();
  const finished = new Set(
    records.flatMap((record) => (record.type === 'ClaudeFinished' ? [record.attempt] : [])),
  );
  for (const record of records) {
    if (record.type !== 'ClaudeStarted') continue;
    const { attempt, sessionId } = record;
    if (!bySession.has(sessionId)) {
      const text = await read(sessionId);
      bySession.set(sessionId, text === undefined ? undefined : openSessionRecord(text));
    }
    const session = bySession.get(sessionId);
    if (session !== undefined && finished.has(attempt)) byAttempt.set(attempt, session);
  }
  let fault: string | undefined;

  return {
    take(heard) {
      fault ??= byAttempt.get(heard.attempt)?.take(heard);
    },
    check(trimmed) {
      const unknown = (fact: string): Check => ({ name: 'session', result: 'unknown', fact });
      if (bySession.size === 0) return unknown('Claude was not started');
      if (finished.size === 0) return unknown('no attempt has come to its end');
      if (trimmed) return unknown('there is nothing left to compare it with');
      if (byAttempt.size === 0) return unknown("Claude's session file is not on this disk");
      const here = new Set(byAttempt.values());
      for (const session of here) fault ??= session.rest();
      if (fault !== undefined) return { name: 'session', result: 'broken', fact: fault };
      const compared = [...here].reduce((sum, session) => sum + session.compared(), 0);
      return { name: 'session', result: 'whole', fact: `${compared} messages are in Claude's own file` };
    },
  };
}
