// The same request under the same key is the same turn: while it runs, when it has ended, and when it is not kept.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { RequestKey } from '../../src/app/request-key.js';
import { trimJob } from '../../src/app/trim-job.js';
import { openTurns } from '../../src/app/turn/open-turns.js';
import { runClaimedTurn } from '../../src/app/turn/run-claimed-turn.js';
import { createWaitingRoom } from '../../src/app/turn/waiting-room.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import { AgenticoreError, isCode } from '../../src/domain/errors.js';
import { eventually } from '../support/eventually.js';
import { report } from './doubles.js';
import { type AgentSetting, answerTo, asking, begin, never, saying, setAgentStage } from './turn-stage.js';

const key = (name = 'k', digest = 'd'): RequestKey => ({ key: `anonymous ${name}`, digest });

/** An agent that says how often it was asked, when it is told to go on. */
async function counting(t: TestContext, setting: AgentSetting = {}) {
  let goOn = (): void => {};
  const going = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let asked = 0;
  const stage = await setAgentStage(t, {
    ...setting,
    async perform(order, listener, signal) {
      asked += 1;
      const answer = `Answer ${asked}.`;
      await going;
      return saying(answer)(order, listener, signal);
    },
  });
  return { ...stage, goOn, asked: () => asked };
}

const refused = (promise: Promise<unknown>, code: ErrorCode) =>
  assert.rejects(promise, (error) => isCode(error, code));

describe('a request whose key is taken', () => {
  it('joins the turn while it runs, and gets its answer when it has ended', async (t) => {
    const agent = await counting(t);
    const first = answerTo(agent, asking('hi'), key());
    await eventually('it runs', () => agent.asked() === 1);
    const second = answerTo(agent, asking('hi'), key());
    agent.goOn();
    assert.deepEqual(await Promise.all([first, second]), ['Answer 1.', 'Answer 1.']);
    assert.equal(await answerTo(agent, asking('hi'), key()), 'Answer 1.');
    assert.equal(await answerTo(agent, asking('hi'), key('other')), 'Answer 2.');
    assert.equal(await answerTo(agent, asking('hi')), 'Answer 3.');
  });

  it('is refused when it asks for something else', async (t) => {
    const agent = await setAgentStage(t);
    await answerTo(agent, asking('hi'), key());
    await refused(answerTo(agent, asking('ho'), key('k', 'other')), 'IDEMPOTENCY_MISMATCH');
    assert.equal(agent.orders.length, 1);
  });

  it('is told what was told of the turn before it began', async (t) => {
    const agent = await setAgentStage(t);
    const request = asking('/show-tools /stream-status go on', { conversationKey: 'c' });
    const first = await agent.turns.open(request, never, key());
    assert.ok(first.kind === 'accepted');
    await first.turn.run(() => {}, never);
    // What was chosen since then stays chosen, and is not what was told.
    await answerTo(agent, asking('/hide-all', { conversationKey: 'c' }));
    const again = await agent.turns.open(request, never, key());
    const { run: _run, ...head } = first.turn;
    assert.deepEqual(again, { kind: 'known', turn: head });
    const next = await agent.turns.open(asking('next', { conversationKey: 'c' }), never);
    assert.ok(next.kind === 'accepted' && !next.turn.visibility.tools);
    await next.turn.run(() => {}, never);
  });

  it('is the first when the turn before was refused, whatever part of the bus was away', async (t) => {
    const agent = await setAgentStage(t);
    const away = new AgenticoreError('BUS_UNREACHABLE');
    const conversations = { ...agent.deps.conversations, find: () => Promise.reject(away) };
    const deps = { ...agent.deps, conversations };
    const turns = openTurns(deps, createWaitingRoom(deps));
    const request = asking('hi', { conversationKey: 'c' });
    await refused(turns.open(request, never, key()), 'BUS_UNREACHABLE');
    assert.equal(await agent.bus.events.taken(key().key), undefined);
    assert.equal(await answerTo(agent, request, key()), 'Hello.');
  });

  it('needs no place, no conversation that is free, and no server that takes more', async (t) => {
    let accepting = true;
    const agent = await counting(t, { slots: 1, policy: { maxWaiting: 0, conversation: 'reject' } });
    const deps = { ...agent.deps, accepting: () => accepting };
    const turns = openTurns(deps, createWaitingRoom(deps));
    const request = asking('hi', { conversationKey: 'c' });
    const first = answerTo({ turns }, request, key());
    await eventually('it runs', () => agent.asked() === 1);
    accepting = false;
    await deps.breaker.open(deps.credential, Date.now() + 60_000);
    const second = answerTo({ turns }, request, key());
    agent.goOn();
    assert.deepEqual(await Promise.all([first, second]), ['Answer 1.', 'Answer 1.']);
    assert.equal(agent.stage.slots.taken(), 0);
  });

  it('interrupts nothing, where the next turn of a conversation ends the one before', async (t) => {
    const agent = await counting(t, { policy: { conversation: 'interrupt' } });
    const request = asking('hi', { conversationKey: 'c' });
    const both = Promise.all([1, 2, 3].map(() => answerTo(agent, request, key())));
    await eventually('it runs', () => agent.asked() === 1);
    agent.goOn();
    assert.deepEqual(await both, Array(3).fill('Answer 1.'));
  });

  it('waits for its own twin no longer than until that is accepted', async (t) => {
    const agent = await counting(t);
    const before = answerTo(agent, asking('before', { conversationKey: 'c' }));
    await eventually('the one before runs', () => agent.asked() === 1);
    const request = asking('hi', { conversationKey: 'c' });
    const both = Promise.all([answerTo(agent, request, key()), answerTo(agent, request, key())]);
    agent.goOn();
    assert.deepEqual(await both, Array(2).fill('Answer 2.'));
    assert.equal(await before, 'Answer 1.');
  });

  it('of many at once one begins the turn, and every place is given back', async (t) => {
    const agent = await counting(t, { slots: 8 });
    agent.goOn();
    const all = await Promise.all(Array.from({ length: 8 }, () => answerTo(agent, asking('hi'), key())));
    assert.deepEqual(all, Array(8).fill('Answer 1.'));
    assert.equal(agent.stage.slots.taken(), 0);
  });

  it('of many at once where none has a place one waits in the lane', async (t) => {
    const agent = await counting(t, { isCounterOnly: true });
    agent.goOn();
    const all = Promise.all(Array.from({ length: 8 }, () => answerTo(agent, asking('hi'), key())));
    const claim = await agent.bus.queue.claim('agent:helper', agent.deps.worker, never);
    assert.ok(claim);
    await runClaimedTurn(agent.deps, agent.stage, claim);
    assert.deepEqual(await all, Array(8).fill('Answer 1.'));
    assert.deepEqual(await agent.bus.queue.depth('agent:helper'), { waiting: 0, running: 0 });
  });
});

describe('a turn with a key', () => {
  it('goes on when its caller leaves', async (t) => {
    const agent = await counting(t);
    const leaving = new AbortController();
    const opened = await agent.turns.open(asking('hi'), never, key());
    assert.ok(opened.kind === 'accepted');
    const running = opened.turn.run(() => {}, leaving.signal);
    await eventually('it runs', () => agent.asked() === 1);
    leaving.abort('gone');
    agent.goOn();
    assert.equal((await running).finish, 'stop');
    assert.equal(await answerTo(agent, asking('hi'), key()), 'Answer 1.');
  });

  it('goes on where it waits in the lane, and its conversation stays its own', async (t) => {
    const agent = await counting(t, { isCounterOnly: true });
    agent.goOn();
    const leaving = new AbortController();
    const request = asking('hi', { conversationKey: 'c' });
    const opened = await agent.turns.open(request, never, key());
    assert.ok(opened.kind === 'accepted');
    const { jobId, conversationId = '' } = opened.turn;
    const following = opened.turn.run(() => {}, leaving.signal);
    leaving.abort('the server closes');
    await refused(following, 'CANCELLED');
    assert.equal((await agent.bus.events.load(jobId))?.job.status, 'queued');
    assert.equal(await agent.bus.conversations.holder(conversationId), jobId);
    const again = answerTo(agent, request, key());
    const claim = await agent.bus.queue.claim('agent:helper', agent.deps.worker, never);
    assert.ok(claim);
    await runClaimedTurn(agent.deps, agent.stage, claim);
    assert.equal(await again, 'Answer 1.');
  });

  it('that failed is not run again: the same failure is told', async (t) => {
    const agent = await setAgentStage(t, {
      async perform(order, listener) {
        begin(order, listener);
        return { kind: 'failed', ...report, code: 'CLAUDE_ERROR', error: 'It broke.' };
      },
    });
    for (const _ of [1, 2])
      await assert.rejects(
        answerTo(agent, asking('hi'), key()),
        (error) => isCode(error, 'CLAUDE_ERROR') && /It broke/.test(String(error)),
      );
    assert.equal(agent.orders.length, 1);
  });

  it('that was refused before it began leaves its key free', async (t) => {
    const agent = await setAgentStage(t);
    const { breaker, credential } = agent.deps;
    await breaker.open(credential, Date.now() + 200);
    await refused(answerTo(agent, asking('hi'), key()), 'CLAUDE_USAGE_LIMIT');
    assert.equal(await agent.bus.events.taken(key().key), undefined);
    await eventually('the limit is over', async () => (await breaker.openUntil(credential)) === undefined);
    assert.equal(await answerTo(agent, asking('hi'), key()), 'Hello.');
  });

  it('is not run again when what was said in it, or all of it, is not kept any more', async (t) => {
    const agent = await setAgentStage(t);
    const opened = await agent.turns.open(asking('hi'), never, key());
    assert.ok(opened.kind === 'accepted');
    const { jobId } = opened.turn;
    await opened.turn.run(() => {}, never);
    const { job } = await eventually('it has ended', async () => {
      const stored = await agent.bus.events.load(jobId);
      return stored?.job.status === 'succeeded' && stored;
    });
    assert.ok(await trimJob(agent.bus, agent.deps.hash, job));
    await assert.rejects(
      answerTo(agent, asking('hi'), key()),
      (error) => isCode(error, 'MESSAGE_NOT_FOUND') && /another key/.test(String(error)),
    );
    await agent.bus.events.remove(jobId);
    await assert.rejects(
      answerTo(agent, asking('hi'), key()),
      (error) => isCode(error, 'JOB_NOT_FOUND') && /another key/.test(String(error)),
    );
    assert.equal(agent.orders.length, 1);
  });
});
