import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_PARK_MS, decideRetry, type RetryQuestion } from '../../src/domain/retry.js';

const question: RetryQuestion = {
  code: 'CLAUDE_CRASHED',
  attemptsUsed: 1,
  maxAttempts: 3,
  backoffMs: 30_000,
  now: 1000,
  jitter: 0,
};

describe('decideRetry', () => {
  it('backs off twice as long after each attempt used', () => {
    const delays = [1, 2, 3, 4].map((attemptsUsed) =>
      decideRetry({ ...question, maxAttempts: 9, attemptsUsed }),
    );
    assert.deepEqual(
      delays.map((decision) => decision.kind === 'retry' && decision.at - question.now),
      [30_000, 60_000, 120_000, 240_000],
    );
  });
  it('never backs off longer than a quarter of an hour, jitter aside', () => {
    assert.deepEqual(decideRetry({ ...question, maxAttempts: 99, attemptsUsed: 50 }), {
      kind: 'retry',
      at: 1000 + 900_000,
    });
  });
  it('spreads retries by up to half the delay', () => {
    assert.deepEqual(decideRetry({ ...question, jitter: 0.5 }), { kind: 'retry', at: 1000 + 37_500 });
  });
  it('tells a job that used up its attempts from one that no attempt would mend', () => {
    assert.deepEqual(decideRetry({ ...question, attemptsUsed: 3 }), { kind: 'exhausted' });
  });
  it('gives up at once on what a retry cannot mend', () => {
    for (const code of [
      'CLAUDE_AUTH_FAILED',
      'CLAUDE_ERROR',
      'BASE_REF_NOT_FOUND',
      'CLAUDE_TIMEOUT',
      'PUSH_REFUSED',
    ] as const) {
      assert.deepEqual(decideRetry({ ...question, code }), { kind: 'give-up' }, code);
    }
  });
  it('parks for a quota until it opens, even when no attempt is left', () => {
    const limit = { ...question, code: 'CLAUDE_USAGE_LIMIT', attemptsUsed: 3 } as const;
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 90_000 }), { kind: 'park', until: 90_000 });
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 10 }), { kind: 'park', until: 1000 });
    assert.deepEqual(decideRetry(limit), { kind: 'park', until: 1000 + DEFAULT_PARK_MS });
  });
});
