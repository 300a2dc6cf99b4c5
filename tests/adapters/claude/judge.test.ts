import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createJudge } from '../../../src/adapters/claude/listen/judge.js';

const judged = (resetsAt: unknown) => {
  const judge = createJudge();
  for (const message of [
    { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt } },
    { type: 'assistant', error: 'rate_limit' },
    { type: 'result', subtype: 'success', is_error: true, result: 'used up', api_error_status: 429 },
  ])
    judge.observe({ type: message.type, message, line: JSON.stringify(message) });
  return judge.judge({ kind: 'settled' }, undefined, '');
};

it('the end of a usage limit says when the limit is over', () => {
  const end = judged(1_795_372_892);
  assert.ok(end.kind === 'failed' && end.code === 'CLAUDE_USAGE_LIMIT');
  assert.equal(end.resetsAt, 1_795_372_892_000);
  assert.match(end.error, /It opens again at 2026-11-22T/);
});

it('a time that is none is not passed on', () => {
  for (const nonsense of [1e18, -5, 'tomorrow', null]) {
    const end = judged(nonsense);
    assert.ok(end.kind === 'failed' && end.code === 'CLAUDE_USAGE_LIMIT', String(nonsense));
    assert.equal(end.resetsAt, undefined);
  }
});
