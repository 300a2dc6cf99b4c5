// The agent's counter by itself: what is shown, which conversation, whose turn, how many.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChatMessage } from '../../src/domain/chat.js';
import { conversationId } from '../../src/domain/conversation.js';
import { isCode } from '../../src/domain/errors.js';
import { eventually } from '../support/eventually.js';
import { report } from './doubles.js';
import { answerTo, asking, begin, never, type Perform, saying, setAgentStage } from './turn-stage.js';

const said = (role: ChatMessage['role'], text: string): ChatMessage => ({
  role,
  parts: [{ kind: 'text', text }],
});

/** Works until it is told to end. */
function waiting(): { readonly perform: Perform; readonly begun: () => number; end(): void } {
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begun = 0;
  return {
    begun: () => begun,
    end,
    async perform(order, listener, signal) {
      begun += 1;
      begin(order, listener);
      const stopped = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([over, stopped]);
      return signal.aborted
        ? { kind: 'stopped', ...report, exitCode: null }
        : { kind: 'succeeded', ...report, stopReason: 'end_turn' };
    },
  };
}

describe('what a turn shows', () => {
  it('answers toggles without asking Claude, and remembers them for the conversation', async (t) => {
    const agent = await setAgentStage(t);
    const key = { conversationKey: 'k' };
    const config = JSON.parse(await answerTo(agent, asking('/show-tools', key)));
    assert.deepEqual(config, {
      visibility: { thinking: false, tools: true, narration: true, final: true },
      scope: 'conversation',
    });
    assert.equal(agent.orders.length, 0);
    const mine = await agent.turns.open(asking('hello', key), never);
    assert.ok(mine.kind === 'accepted' && mine.turn.visibility.tools);
    await mine.turn.run(() => {}, never);
    const other = await agent.turns.open(asking('hello', { conversationKey: 'other' }), never);
    assert.ok(other.kind === 'accepted' && !other.turn.visibility.tools);
    await other.turn.run(() => {}, never);
  });

  it('keeps the choice of callers without a conversation apart from each other', async (t) => {
    const agent = await setAgentStage(t);
    const ann = { caller: { name: 'ui', user: 'ann' } };
    assert.equal(JSON.parse(await answerTo(agent, asking('/show-all', ann))).scope, 'caller');
    const bob = await agent.turns.open(
      asking('/stream-status', { caller: { name: 'ui', user: 'bob' } }),
      never,
    );
    assert.ok(bob.kind === 'configured' && !bob.config.visibility.tools);
    assert.equal(JSON.parse(await answerTo(agent, asking('/show-thinking'))).scope, 'agent');
  });

  it('gives Claude the prompt and the history without a token', async (t) => {
    const agent = await setAgentStage(t);
    const history = [said('user', '/show-tools what is it? '), said('assistant', 'A tree.')];
    assert.equal(await answerTo(agent, asking('and this? /hide-tools', { history })), 'Hello.');
    const [order] = agent.orders;
    assert.deepEqual(order?.prompt, [{ kind: 'text', text: 'and this?' }]);
    assert.ok(!JSON.stringify(order.history).includes('/show-tools'));
  });
});

describe('the conversation of a turn', () => {
  it('goes on in the session in which exactly this was said', async (t) => {
    const agent = await setAgentStage(t);
    const key = { conversationKey: 'k' };
    await answerTo(agent, asking('first', key));
    const history = [said('user', 'first'), said('assistant', 'Hello.')];
    await answerTo(agent, asking('second', { ...key, history }));
    const [first, second] = agent.orders;
    assert.equal(first?.memory.kind, 'none');
    assert.equal(second?.memory.kind, 'session');
    assert.equal(second.conversation, first.conversation, 'the process is kept under one name');
  });

  it('begins anew when the history was edited, and gives the old process up', async (t) => {
    const agent = await setAgentStage(t);
    const key = { conversationKey: 'k' };
    await answerTo(agent, asking('first', key));
    const history = [said('user', 'first, edited'), said('assistant', 'Hello.')];
    await answerTo(agent, asking('second', { ...key, history }));
    const [first, second] = agent.orders;
    assert.equal(second?.memory.kind, 'none');
    assert.deepEqual(second.history, history);
    assert.deepEqual(agent.released, [first?.conversation]);
  });

  it('begins anew when it is to run in another way', async (t) => {
    const agent = await setAgentStage(t);
    const key = { conversationKey: 'k' };
    await answerTo(agent, asking('first', key));
    const history = [said('user', 'first'), said('assistant', 'Hello.')];
    await answerTo(agent, asking('second', { ...key, history, instructions: 'Be brief.' }));
    assert.equal(agent.orders[1]?.memory.kind, 'none');
  });

  it('is found by its history where it has no name, once for each branch', async (t) => {
    const agent = await setAgentStage(t);
    await answerTo(agent, asking('first'));
    const history = [said('user', 'first'), said('assistant', 'Hello.')];
    await answerTo(agent, asking('second', { history }));
    assert.equal(agent.orders[1]?.memory.kind, 'session');
    await answerTo(agent, asking('another second', { history }));
    assert.equal(agent.orders[2]?.memory.kind, 'none', 'that process has moved on');
  });

  it('is nobody else’s', async (t) => {
    const agent = await setAgentStage(t);
    const history = [said('user', 'first'), said('assistant', 'Hello.')];
    await answerTo(agent, asking('first', { conversationKey: 'k', caller: { name: 'a' } }));
    await answerTo(agent, asking('second', { conversationKey: 'k', caller: { name: 'b' }, history }));
    assert.equal(agent.orders[1]?.memory.kind, 'none');
  });

  it('is not touched by what a chat UI asks on the side', async (t) => {
    const agent = await setAgentStage(t);
    await answerTo(agent, asking('a title, please', { conversationKey: 'k', auxiliary: true }));
    const [order] = agent.orders;
    assert.equal(order?.conversation, undefined);
    assert.deepEqual(order?.launch.flags.tools, []);
    assert.equal(order?.launch.mcpConfigPath, undefined);
  });

  it('refuses a second turn at once where the policy says so', async (t) => {
    const work = waiting();
    const agent = await setAgentStage(t, { perform: work.perform, policy: { conversation: 'reject' } });
    const key = { conversationKey: 'k' };
    const first = answerTo(agent, asking('first', key));
    await eventually('it runs', () => work.begun() === 1);
    await assert.rejects(answerTo(agent, asking('second', key)), (error) =>
      isCode(error, 'CONVERSATION_BUSY'),
    );
    work.end();
    await first;
  });

  it('lets no more wait for the turn before than may wait at all', async (t) => {
    const work = waiting();
    const agent = await setAgentStage(t, { perform: work.perform, policy: { maxWaiting: 1 } });
    const key = { conversationKey: 'k' };
    const first = answerTo(agent, asking('first', key));
    await eventually('it runs', () => work.begun() === 1);
    const others = Promise.allSettled(['second', 'third'].map((text) => answerTo(agent, asking(text, key))));
    await assert.rejects(answerTo(agent, asking('fourth', key)), (error) => isCode(error, 'AGENT_BUSY'));
    work.end();
    await first;
    const refused = (await others).filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 1);
    assert.equal(work.begun(), 2);
  });

  it('is free again at once when its turn could not be admitted', async (t) => {
    const agent = await setAgentStage(t);
    const key = { conversationKey: 'k' };
    const until = Date.now() + 60_000;
    await agent.deps.breaker.open(agent.deps.credential, until);
    await assert.rejects(answerTo(agent, asking('first', key)), (error) =>
      isCode(error, 'CLAUDE_USAGE_LIMIT'),
    );
    const id = conversationId({ agent: 'helper', caller: { name: 'anonymous' }, key: 'k' }, agent.deps.hash);
    assert.equal(await agent.bus.conversations.holder(id), undefined);
  });

  it('ends the turn before where the policy says so', async (t) => {
    const work = waiting();
    let turn = 0;
    const perform: Perform = (order, listener, signal) => {
      turn += 1;
      return (turn === 1 ? work.perform : saying('The second.'))(order, listener, signal);
    };
    const agent = await setAgentStage(t, { perform, policy: { conversation: 'interrupt' } });
    const key = { conversationKey: 'k' };
    const first = answerTo(agent, asking('first', key));
    const ended = assert.rejects(first, (error) => isCode(error, 'CANCELLED'));
    await eventually('it runs', () => work.begun() === 1);
    assert.equal(await answerTo(agent, asking('second', key)), 'The second.');
    await ended;
  });
});

describe('the places of an agent', () => {
  it('lets no more wait than may, and tells the others before anything is written', async (t) => {
    const work = waiting();
    const agent = await setAgentStage(t, { perform: work.perform, slots: 1, policy: { maxWaiting: 2 } });
    const open = (text: string) => agent.turns.open(asking(text), never);
    const running = await open('1');
    const [second, third, ...others] = await Promise.allSettled(['2', '3', '4', '5'].map(open));
    assert.deepEqual([second?.status, third?.status], ['fulfilled', 'fulfilled']);
    for (const other of others)
      assert.ok(other.status === 'rejected' && isCode(other.reason, 'AGENT_BUSY'), JSON.stringify(other));
    assert.deepEqual(await agent.bus.queue.depth('agent:helper'), { waiting: 2, running: 0 });
    assert.equal((await agent.bus.events.list({ limit: 10 })).jobs.length, 3);
    work.end();
    assert.ok(running.kind === 'accepted');
    await running.turn.run(() => {}, never);
  });

  it('gives the place back when the bus does not take the turn', async (t) => {
    const agent = await setAgentStage(t, { slots: 1 });
    const events = { ...agent.deps.events, append: () => Promise.reject(new Error('no')) };
    const { openDirect } = await import('../../src/app/turn/open-direct.js');
    const turn = {
      jobId: 'x',
      request: asking('1'),
      agent: agent.deps.packages.current(),
      conversation: undefined,
    };
    const free = agent.stage.slots.take() ?? assert.fail();
    await assert.rejects(
      openDirect({ ...agent.deps, events }, agent.stage, {
        turn: { ...turn, visibility: agent.deps.policy.visibility },
        thread: { id: undefined, isNamed: false, head: '' },
        config: undefined,
        free,
      }),
    );
    assert.equal(agent.stage.slots.taken(), 0);
  });

  it('ends a turn that cannot be started as failed, and keeps no place', async (t) => {
    const perform: Perform = () => Promise.reject(new Error('a bug'));
    const agent = await setAgentStage(t, { perform, slots: 1 });
    const opened = await agent.turns.open(asking('1', { conversationKey: 'k' }), never);
    assert.ok(opened.kind === 'accepted');
    await assert.rejects(opened.turn.run(() => {}, never));
    const { job } = (await agent.bus.events.load(opened.turn.jobId)) ?? assert.fail();
    assert.deepEqual([job.status, job.code], ['failed', 'INTERNAL']);
    assert.equal(agent.stage.slots.taken(), 0);
    assert.equal(agent.stage.running.size, 0);
  });

  it('leaves cancelled what its caller leaves', async (t) => {
    const work = waiting();
    const agent = await setAgentStage(t, { perform: work.perform });
    const leaving = new AbortController();
    const opened = await agent.turns.open(asking('1'), never);
    assert.ok(opened.kind === 'accepted');
    const running = opened.turn.run(() => {}, leaving.signal);
    await eventually('it runs', () => work.begun() === 1);
    leaving.abort('gone');
    await assert.rejects(running, (error) => isCode(error, 'CANCELLED'));
    await eventually('the ledger says so', async () => {
      const stored = await agent.bus.events.load(opened.turn.jobId);
      return stored?.job.status === 'cancelled';
    });
  });
});
