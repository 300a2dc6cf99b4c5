// What a turn came to: whoever hears of it at once, and whoever reads it from its ledger, is told the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf, resultOfJob } from '../../src/app/turn/turn-result.js';
import type { Job } from '../../src/domain/job.js';
import type { TurnEnd } from '../../src/ports/turn-agent.js';
import { report } from './doubles.js';

type Failed = Extract<TurnEnd, { kind: 'failed' }>;

const succeeded = (stopReason: string): TurnEnd => ({
  kind: 'succeeded',
  ...report,
  answer: 'Yes.',
  stopReason,
});
const failed = (code: Failed['code'], stopReason: string): TurnEnd => ({
  kind: 'failed',
  ...report,
  ...{ code, error: 'It broke.', stopReason },
});

const ENDS: readonly (readonly [TurnEnd, string])[] = [
  [succeeded('end_turn'), 'stop'],
  [succeeded('max_tokens'), 'length'],
  [succeeded('model_context_window_exceeded'), 'length'],
  [succeeded('refusal'), 'refusal'],
  [failed('CLAUDE_MAX_TURNS', 'tool_use'), 'length'],
  [failed('CLAUDE_CRASHED', 'refusal'), 'refusal'],
  [failed('CLAUDE_CRASHED', 'max_tokens'), 'CLAUDE_CRASHED'],
  [failed('CLAUDE_CRASHED', 'end_turn'), 'CLAUDE_CRASHED'],
];

const told = (result: () => { readonly finish: string }): string => {
  try {
    return result().finish;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

for (const [end, finish] of ENDS) {
  test(`${end.kind} with ${end.stopReason} is ${finish}, at once and from the ledger`, () => {
    const code = end.kind === 'failed' ? { code: end.code, error: end.error } : {};
    const job = { status: end.kind, ...report, ...code } as unknown as Job;
    assert.equal(
      told(() => resultOf(end, undefined, undefined, String, 0)),
      finish,
    );
    assert.equal(
      told(() => resultOfJob(job, 'Yes.', end)),
      finish,
    );
  });
}
