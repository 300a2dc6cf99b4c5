// Completions that are told of at an address of their caller.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openCompletions } from '../../src/app/turn/open-completions.js';
import { createWaitingRoom } from '../../src/app/turn/waiting-room.js';
import { isCode } from '../../src/domain/errors.js';
import { asking, never, setAgentStage } from './turn-stage.js';

describe('the callback of a completion', () => {
  it('is due with its end, once for a uuid', async (t) => {
    const { deps, bus } = await setAgentStage(t);
    const completions = openCompletions(deps, createWaitingRoom(deps));
    const request = { uuid: 'u-1', turn: asking('hello'), callbackUrl: 'https://example.com/hook' };
    const { jobId } = await completions.complete(request, true, never);
    assert.equal((await completions.complete(request, true, never)).jobId, jobId);
    assert.deepEqual(await bus.callbacks.take(Date.now(), 9, Date.now()), [jobId]);
  });

  it('is kept with one that waits in the lane', async (t) => {
    const { deps, bus } = await setAgentStage(t);
    const completions = openCompletions(deps, createWaitingRoom(deps));
    const request = { uuid: 'u-1', turn: asking('hello'), callbackUrl: 'https://example.com/hook' };
    const { jobId, status } = await completions.complete(request, false, never);
    assert.equal(status, 'queued');
    assert.equal((await bus.events.load(jobId))?.job.order.callbackUrl, request.callbackUrl);
  });

  it('begins nothing when the address is not allowed', async (t) => {
    const { deps, orders, bus } = await setAgentStage(t);
    const completions = openCompletions(deps, createWaitingRoom(deps));
    const request = { uuid: 'u-1', turn: asking('hello'), callbackUrl: 'http://169.254.169.254/' };
    for (const wait of [true, false])
      await assert.rejects(completions.complete(request, wait, never), (error) =>
        isCode(error, 'CALLBACK_URL_REFUSED'),
      );
    assert.deepEqual([orders, (await bus.events.list({ limit: 9 })).jobs], [[], []]);
  });
});
