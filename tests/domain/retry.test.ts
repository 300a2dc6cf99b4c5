import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS, type ErrorCode } from '../../src/domain/errors.js';
import { OUTCOMES, type OutcomeRow } from '../../src/domain/outcomes.js';
import { decideRetry, type RetryQuestion } from '../../src/domain/retry.js';

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
  it('parks for a usage limit until it opens, even when no attempt is left', () => {
    const limit = { ...question, code: 'CLAUDE_USAGE_LIMIT', attemptsUsed: 3 } as const;
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 90_000 }), { kind: 'park', until: 90_000 });
    assert.deepEqual(decideRetry(limit), { kind: 'park', until: 1000 + 900_000 });
  });
  it('does not come back at once, nor never, for a time that cannot be', () => {
    const limit = { ...question, code: 'CLAUDE_USAGE_LIMIT' } as const;
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 10 }), { kind: 'park', until: 11_000 });
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 1e18 }), {
      kind: 'park',
      until: 1000 + 8 * 86_400_000,
    });
  });
  it('spreads what is parked by a tenth of the wait, a minute at most', () => {
    const limit = { ...question, code: 'CLAUDE_USAGE_LIMIT', jitter: 1 } as const;
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 101_000 }), { kind: 'park', until: 111_000 });
    assert.deepEqual(decideRetry({ ...limit, resetsAt: 3_601_000 }), { kind: 'park', until: 3_661_000 });
  });
  it('does not try a class again that has reached its own limit', () => {
    const memory = { ...question, code: 'CLAUDE_OUT_OF_MEMORY' } as const;
    assert.equal(decideRetry(memory).kind, 'retry');
    assert.equal(decideRetry({ ...memory, failures: { CLAUDE_CRASHED: 2 } }).kind, 'retry');
    assert.equal(decideRetry({ ...memory, failures: { CLAUDE_OUT_OF_MEMORY: 1 } }).kind, 'exhausted');
  });
  it('waits twice as long for a model that is overloaded', () => {
    assert.deepEqual(decideRetry({ ...question, code: 'MODEL_OVERLOADED' }), {
      kind: 'retry',
      at: 1000 + 60_000,
    });
  });
});

describe('the table of outcomes', () => {
  const classes: readonly (readonly [string, OutcomeRow])[] = Object.entries(OUTCOMES);
  const codes = Object.keys(ERRORS) as ErrorCode[];
  it('has a code for every class, and a sentence', () => {
    for (const [name, { meaning }] of classes) {
      assert.ok(
        codes.some((code) => ERRORS[code].outcome === name),
        name,
      );
      assert.match(meaning, /^[A-Z].*\.$/, name);
    }
  });
  it('is what decides: each code has what follows for its class', () => {
    const kinds = { retry: 'retry', park: 'park', fail: 'give-up' } as const;
    for (const code of codes) {
      const { follows }: OutcomeRow = OUTCOMES[ERRORS[code].outcome];
      assert.equal(decideRetry({ ...question, code }).kind, kinds[follows], code);
    }
  });
});
