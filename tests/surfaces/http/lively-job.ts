// A job with something of everything in its feed, and what its messages look like.
import type { JobOrder } from '../../../src/domain/job-event.js';
import type { Bus } from '../../../src/ports/bus.js';
import { carryOut, endAttempt, startAttempt, submit } from '../../support/ledger.js';

/** A message of the first attempt as the transcript keeps it. */
const message = (seq: number, text = `message ${seq}`): string =>
  JSON.stringify({ attempt: 1, seq, prev: '0'.repeat(64), message: { type: 'assistant', text } });

export const say = (bus: Bus, jobId: string, seq: number, text?: string, type = 'assistant') =>
  bus.transcript.append(jobId, 1, [{ seq, kind: 'message', type, data: message(seq, text) }]);

const delta = { attempt: 1, seq: 2, block: 0, delta: 'text', text: 'hal', parent_tool_use_id: null };

/** A job with a life of every kind of entry; it has ended. */
export async function endedJob(bus: Bus, more: Partial<JobOrder> = {}): Promise<string> {
  const jobId = await submit(bus.events, {
    order: { metadata: { camelCase: 'kept' }, repoUrl: 'https://example.com/a', ...more },
  });
  await startAttempt(bus.events, jobId);
  await say(bus, jobId, 1);
  await bus.transcript.append(jobId, 1, [
    { seq: 2, kind: 'delta', type: 'delta', data: JSON.stringify(delta) },
  ]);
  await say(bus, jobId, 3);
  await carryOut(bus.events, jobId, {
    type: 'ReportProgress',
    attempt: 1,
    facts: [
      {
        type: 'WorkspaceOpened',
        path: '/w',
        configDir: '/c',
        branch: 'b',
        baseRef: 'main',
        baseOid: 'a'.repeat(40),
      },
      { type: 'ClaudeStarted', pid: 7, sessionId: 's' },
      {
        type: 'ClaudeFinished',
        exitCode: null,
        costUsd: 1,
        numTurns: 2,
        usage: { serverToolUse: { webSearch: 1 } },
        transcript: { count: 2, head: 'f'.repeat(64) },
      },
      {
        type: 'VerificationFinished',
        round: 1,
        passed: true,
        commands: [{ command: 'npm test', exitCode: 0, durationMs: 1 }],
        output: 'ok',
      },
      { type: 'CommitReady', oid: 'b'.repeat(40), leftUncommitted: true },
      {
        type: 'PushBlocked',
        findings: [
          { rule: 'secrets', what: 'a secret (github)', path: 'a.ts', line: 2, commit: 'c' },
          { rule: 'max_files', what: 'too many' },
        ],
        total: 3,
      },
      { type: 'BranchPushed', branch: 'b', oid: 'b'.repeat(40) },
      { type: 'PullRequestFailed', error: 'no' },
      { type: 'PullRequestOpened', url: 'https://example.com/1', existed: false },
    ],
  });
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
  return jobId;
}

/** Ends the running attempt of a job well, with this final answer. */
export async function endWithAnswer(bus: Bus, jobId: string, answer: string): Promise<void> {
  const finished = { exitCode: 0, costUsd: 0, numTurns: 1, transcript: { count: 0, head: '0'.repeat(64) } };
  const said = { bytes: Buffer.byteLength(answer), sha256: 'e'.repeat(64) };
  await carryOut(
    bus.events,
    jobId,
    {
      type: 'ReportProgress',
      attempt: 1,
      facts: [{ type: 'ClaudeFinished', ...finished, answer: said }],
    },
    { answer },
  );
  await endAttempt(bus.events, jobId, { kind: 'succeeded' });
}

/** What the feed of `endedJob` holds. */
export const ALL = [
  'JobSubmitted',
  'AttemptStarted',
  'assistant',
  'delta',
  'assistant',
  'WorkspaceOpened',
  'ClaudeStarted',
  'ClaudeFinished',
  'VerificationFinished',
  'CommitReady',
  'PushBlocked',
  'BranchPushed',
  'PullRequestFailed',
  'PullRequestOpened',
  'JobSucceeded',
  'end',
];
