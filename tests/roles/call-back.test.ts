import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { letterOf } from '../../src/roles/call-back.js';
import { carryOut, endAttempt, startTurn } from '../support/ledger.js';
import { tempDir } from '../support/temp-dir.js';

describe('the letter of a completion', () => {
  it('is told as its caller knows it, with the tools that were called', async (t) => {
    const bus = await openFileBus({ home: await tempDir(t), leaseMs: 60_000 });
    t.after(() => bus.close());
    const visibility = { thinking: false, tools: false, narration: true, final: true };
    const facts = { agent: 'assistant', packageVersion: '1', caller: 'anonymous', visibility, uuid: 'ask-1' };
    const order = { callbackUrl: 'https://example.com/', turn: facts, task: 'What is it?' };
    const jobId = await startTurn(bus.events, { order });
    const content = [{ type: 'tool_use', id: 't1', name: 'Read', input: { path: 'a' } }];
    const data = JSON.stringify({ attempt: 1, seq: 1, prev: '', message: { message: { content } } });
    await bus.transcript.append(jobId, 1, [{ seq: 1, kind: 'message', type: 'assistant', data }]);
    const transcript = { count: 1, head: '' };
    const answer = { bytes: 7, sha256: '' };
    const finished = {
      type: 'ClaudeFinished',
      exitCode: 0,
      costUsd: 0.5,
      numTurns: 1,
      transcript,
      answer,
    } as const;
    const report = { type: 'ReportProgress', attempt: 1, facts: [finished] } as const;
    await carryOut(bus.events, jobId, report, { answer: 'A cat.\n' });
    const { job } = await endAttempt(bus.events, jobId, { kind: 'succeeded' });
    const letter = JSON.parse(await letterOf({ bus }, job));
    assert.deepEqual([letter.type, letter.timestamp], ['completion.completed', letter.data.ended_at]);
    const { uuid, status, message, result, cost_usd, tool_uses } = letter.data;
    assert.deepEqual(
      { uuid, status, message, result, cost_usd, tool_uses },
      {
        uuid: 'ask-1',
        status: 'completed',
        message: 'What is it?',
        result: 'A cat.\n',
        cost_usd: 0.5,
        tool_uses: [{ id: 't1', name: 'Read', input: { path: 'a' } }],
      },
    );
  });
});
