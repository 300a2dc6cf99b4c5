// The contract of conversations: what is known of them is kept until its time, and their turn has one holder.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { TEXT_ONLY } from '../../../src/domain/visibility.js';
import type { Conversation } from '../../../src/ports/conversations.js';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const LONG_MS = 10 * 60_000;
const SHORT_MS = 60;

const conversation = (changes: Partial<Conversation> = {}): Conversation => ({
  sessionId: '5e55-10n',
  head: 'h',
  setup: 's',
  worker: 'w',
  thread: 't',
  ...changes,
});

/** What an id may be, although ours are hashes. */
const ODD_IDS = ['', ' ', '{a}:b', '../../etc', 'ü "\n\\ 🦊', 'turn:x', '__proto__', 'x'.repeat(5000)];

/** Registers the cases. */
export function conversationsContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: conversations`, { concurrency: true }, () => {
    check('what was saved last is found, until it is forgotten', async ({ bus, reopen }) => {
      const { conversations } = bus;
      assert.equal(await conversations.find('c'), undefined);
      await conversations.save('c', conversation(), LONG_MS);
      await conversations.save('other', conversation({ worker: 'b' }), LONG_MS);
      const later = conversation({ head: 'later', transcript: '/a/ü "b".jsonl' });
      await conversations.save('c', later, LONG_MS);
      await conversations.save('gone', conversation(), LONG_MS);
      await conversations.forget('gone');
      await conversations.forget('never came');
      for (const { conversations } of [bus, await reopen()]) {
        assert.deepEqual(await conversations.find('c'), later);
        assert.deepEqual(await conversations.find('other'), conversation({ worker: 'b' }));
        assert.equal(await conversations.find('gone'), undefined);
      }
    });

    check('its time is counted from when it was saved last', async ({ bus, reopen }) => {
      await bus.conversations.save('brief', conversation(), SHORT_MS);
      await bus.conversations.save('saved again', conversation(), SHORT_MS);
      await bus.conversations.save('saved again', conversation({ head: 'h2' }), LONG_MS);
      await eventually('it is over', async () => (await bus.conversations.find('brief')) === undefined);
      for (const { conversations } of [bus, await reopen()]) {
        assert.equal(await conversations.find('brief'), undefined);
        assert.equal((await conversations.find('saved again'))?.head, 'h2');
      }
    });

    check('what is shown is kept scope by scope, for good or for a time', async ({ bus, reopen }) => {
      const { conversations } = bus;
      const all = { ...TEXT_ONLY, thinking: true, tools: true };
      assert.equal(await conversations.visibility('agent'), undefined);
      await conversations.setVisibility('agent', all);
      await conversations.setVisibility('c', TEXT_ONLY, LONG_MS);
      await conversations.setVisibility('brief', all, SHORT_MS);
      await conversations.setVisibility('was brief', TEXT_ONLY, SHORT_MS);
      await conversations.setVisibility('was brief', all);
      await conversations.save('agent', conversation(), LONG_MS);
      await conversations.forget('agent');
      await eventually('it is over', async () => (await conversations.visibility('brief')) === undefined);
      for (const { conversations } of [bus, await reopen()]) {
        assert.deepEqual(await conversations.visibility('agent'), all);
        assert.deepEqual(await conversations.visibility('c'), TEXT_ONLY);
        assert.deepEqual(await conversations.visibility('was brief'), all);
        assert.equal(await conversations.visibility('brief'), undefined);
      }
    });

    check('a turn has one holder until it is ended', async ({ bus: { conversations } }) => {
      assert.equal(await conversations.holder('c'), undefined);
      assert.equal(await conversations.extendTurn('c', 'a', LONG_MS), false);
      assert.equal(await conversations.takeTurn('c', 'a', LONG_MS), true);
      assert.equal(await conversations.takeTurn('c', 'a', LONG_MS), true, 'it is its own already');
      assert.equal(await conversations.takeTurn('c', 'b', LONG_MS), false);
      assert.equal(await conversations.extendTurn('c', 'a', LONG_MS), true);
      assert.equal(await conversations.extendTurn('c', 'b', LONG_MS), false);
      await conversations.endTurn('c', 'b');
      assert.equal(await conversations.holder('c'), 'a');
      assert.equal(await conversations.takeTurn('another', 'b', LONG_MS), true);
      await conversations.endTurn('c', 'a');
      await conversations.endTurn('c', 'a');
      assert.equal(await conversations.holder('c'), undefined);
      assert.equal(await conversations.extendTurn('c', 'a', LONG_MS), false);
      assert.equal(await conversations.takeTurn('c', 'b', LONG_MS), true);
      assert.equal(await conversations.holder('another'), 'b');
    });

    check('of many that ask at once one gets the turn', async ({ bus: { conversations } }) => {
      const holders = Array.from({ length: 20 }, (_, n) => `job-${n}`);
      const got = await Promise.all(holders.map((holder) => conversations.takeTurn('c', holder, LONG_MS)));
      assert.equal(got.filter(Boolean).length, 1);
      assert.equal(await conversations.holder('c'), holders[got.indexOf(true)]);
    });

    check('a turn that is not extended lapses, and its old holder can do no harm', async ({ bus }) => {
      const { conversations } = bus;
      assert.equal(await conversations.takeTurn('c', 'a', SHORT_MS), true);
      await eventually('another one gets it', () => conversations.takeTurn('c', 'b', LONG_MS));
      assert.equal(await conversations.extendTurn('c', 'a', LONG_MS), false);
      await conversations.endTurn('c', 'a');
      assert.equal(await conversations.holder('c'), 'b');
      await conversations.takeTurn('d', 'a', SHORT_MS);
      assert.equal(await conversations.extendTurn('d', 'a', LONG_MS), true);
      await conversations.takeTurn('e', 'a', SHORT_MS);
      await eventually('it is nobody\u2019s', async () => (await conversations.holder('e')) === undefined);
      assert.equal(await conversations.holder('d'), 'a');
    });

    check('who watches a turn is rung at its end, and not for others', async ({ bus: { conversations } }) => {
      let [rings, others] = [0, 0];
      const stop = await conversations.watchTurn('c', () => {
        rings += 1;
      });
      await conversations.watchTurn('other', () => {
        others += 1;
      });
      for (const id of ['c', 'other']) await conversations.takeTurn(id, 'a', LONG_MS);
      await conversations.endTurn('c', 'b');
      await conversations.endTurn('c', 'a');
      await eventually('it rings', () => rings > 0);
      assert.deepEqual([rings, others], [1, 0]);
      stop();
      stop();
      await conversations.takeTurn('c', 'a', LONG_MS);
      await conversations.endTurn('c', 'a');
      await conversations.endTurn('other', 'a');
      await eventually('the other one rings', () => others > 0);
      assert.equal(rings, 1);
    });

    check('ids may be anything', async ({ bus, reopen }) => {
      for (const [nth, id] of ODD_IDS.entries()) {
        await bus.conversations.save(id, conversation({ head: `${nth}` }), LONG_MS);
        await bus.conversations.setVisibility(id, { ...TEXT_ONLY, tools: nth % 2 === 0 });
        assert.equal(await bus.conversations.takeTurn(id, `${id} ${nth}`, LONG_MS), true);
      }
      for (const [nth, id] of ODD_IDS.entries())
        assert.equal(await bus.conversations.holder(id), `${id} ${nth}`);
      const { conversations } = await reopen();
      for (const [nth, id] of ODD_IDS.entries()) {
        assert.equal((await conversations.find(id))?.head, `${nth}`);
        assert.equal((await conversations.visibility(id))?.tools, nth % 2 === 0);
      }
    });
  });
}
