import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/domain/errors.js';
import { ERRORS } from '../../src/domain/errors.js';
import type { JobEvent } from '../../src/domain/job-event.js';
import { blamesSession, foldUnfinished, goOnPrompt, type Unfinished } from '../../src/domain/unfinished.js';

const at = 1;
const opened = (attempt: number, kept = false): JobEvent => ({
  type: 'WorkspaceOpened',
  at,
  attempt,
  path: '/w',
  configDir: '/c',
  branch: 'b',
  kept,
});
const started = (attempt: number, resumed = false, sessionId = 's1'): JobEvent => ({
  type: 'ClaudeStarted',
  at,
  attempt,
  pid: 1,
  sessionId,
  resumed,
});
const finished = (attempt: number, costUsd: number): JobEvent => ({
  type: 'ClaudeFinished',
  at,
  attempt,
  exitCode: 1,
  costUsd,
  numTurns: 1,
  transcript: { count: 0, head: '' },
});
const failed = (attempt: number, code: ErrorCode): JobEvent => ({
  type: 'AttemptFailed',
  at,
  attempt,
  code,
  error: '',
  retryAt: at,
});
const handedBack: JobEvent = { type: 'AttemptHandedBack', at, attempt: 1, worker: 'w' };

const after = (...events: readonly JobEvent[]): Unfinished | undefined =>
  events.reduce<Unfinished | undefined>(foldUnfinished, undefined);
const first = [opened(1), started(1)];
const resumedOnce = [...first, failed(1, 'CLAUDE_CRASHED'), opened(2, true), started(2, true)];

describe('what an attempt leaves unfinished', () => {
  it('is the session, and the worktree as the attempt that opened it', () => {
    const left = { origin: 1, path: '/w', sessionId: 's1' };
    assert.deepEqual(after(...first, failed(1, 'MODEL_OVERLOADED')), left);
    assert.deepEqual(after(...first, handedBack), left);
    assert.deepEqual(after(...resumedOnce, failed(2, 'MODEL_OVERLOADED')), left);
  });
  it('is gone with the end of the job, with the commit, and with a worktree that is opened anew', () => {
    const ends: readonly JobEvent[] = [
      { type: 'CommitReady', at, attempt: 1, oid: 'c', leftUncommitted: false },
      { type: 'JobSucceeded', at, attempt: 1 },
      { type: 'JobFailed', at, attempt: 1, code: 'CLAUDE_ERROR', error: '' },
      { type: 'JobCancelled', at },
      { type: 'JobExpired', at },
    ];
    for (const end of ends) assert.equal(after(...first, end), undefined, end.type);
    const anew = after(...first, failed(1, 'MODEL_OVERLOADED'), opened(2), started(2, false, 's2'));
    assert.deepEqual(anew, { origin: 2, path: '/w', sessionId: 's2' });
  });
  it('is nothing before claude has started, or without a repository', () => {
    assert.equal(after(opened(1), failed(1, 'MODEL_OVERLOADED')), undefined);
    const noRepository = { ...opened(1) };
    if ('branch' in noRepository) delete noRepository.branch;
    assert.equal(after(noRepository, started(1), handedBack), undefined);
  });
  it('survives an attempt that came to nothing before it opened a worktree', () => {
    const left = after(...first, failed(1, 'MODEL_OVERLOADED'), failed(2, 'REPOSITORY_UNREACHABLE'));
    assert.equal(left?.sessionId, 's1');
  });
  it('is nothing after a failure that speaks against the session, whatever is retried', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[];
    const goesOn = codes.filter((code) => after(...first, failed(1, code)) !== undefined);
    assert.deepEqual(goesOn.toSorted(), [
      'BUS_UNREACHABLE',
      'CLAUDE_CRASHED',
      'CLAUDE_OUT_OF_MEMORY',
      'CLAUDE_SILENT',
      'CLAUDE_USAGE_LIMIT',
      'MODEL_OVERLOADED',
      'MODEL_UNREACHABLE',
      'PROXY_UNREACHABLE',
      'REPOSITORY_UNREACHABLE',
      'WORKER_LOST',
    ]);
  });
  it('is nothing after a resumed attempt that crashed before the model answered', () => {
    assert.equal(after(...resumedOnce, failed(2, 'CLAUDE_CRASHED')), undefined);
    assert.equal(after(...resumedOnce, finished(2, 0), failed(2, 'CLAUDE_CRASHED')), undefined);
    assert.ok(after(...resumedOnce, finished(2, 0.1), failed(2, 'CLAUDE_CRASHED')), 'it got on');
    assert.ok(after(...resumedOnce, handedBack), 'nobody is to blame');
    assert.ok(after(...resumedOnce, failed(2, 'CLAUDE_USAGE_LIMIT')), 'it never had a chance');
  });
});

describe('a resumed session', () => {
  it('is to blame for a refusal that a fresh one may not meet', () => {
    assert.ok(blamesSession('SESSION_NOT_FOUND') && blamesSession('CLAUDE_BAD_REQUEST'));
    assert.equal(blamesSession('CLAUDE_AUTH_FAILED'), false);
    assert.equal(ERRORS.SESSION_UNUSABLE.outcome, 'transient');
    assert.equal(after(...resumedOnce, failed(2, 'SESSION_UNUSABLE')), undefined);
  });
  it('is told what happened, and the task again', () => {
    assert.match(goOnPrompt('mend it'), /interrupted.*\n\nmend it$/s);
  });
});
