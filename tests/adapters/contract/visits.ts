// The contract of visits: whose they are and what they follow is known to every process until they end.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const LONG_MS = 10 * 60_000;
const SHORT_MS = 60;

/** Registers the cases. */
export function visitsContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: visits`, { concurrency: true }, () => {
    check('the next process finds whose a visit is and what it follows', async ({ bus, reopen }) => {
      await bus.visits.begin('v', 'somebody', LONG_MS);
      await bus.visits.follow('v', 'b');
      await bus.visits.follow('v', 'a ü "x"');
      await bus.visits.follow('v', 'b');
      await bus.visits.follow('v', 'gone');
      await bus.visits.unfollow('v', 'gone');
      await bus.visits.unfollow('v', 'never there');
      await bus.visits.begin('other', 'caller', LONG_MS);
      for (const { visits } of [bus, await reopen()]) {
        const visit = await visits.find('v', LONG_MS);
        assert.equal(visit?.caller, 'somebody');
        assert.deepEqual(visit?.followed.toSorted(), ['a ü "x"', 'b']);
        assert.deepEqual(await visits.find('other', LONG_MS), { caller: 'caller', followed: [] });
        assert.equal(await visits.find('unknown', LONG_MS), undefined);
      }
    });

    check('one that has ended, by word or by time, stays ended', async ({ bus, reopen }) => {
      await bus.visits.begin('left', 'c', LONG_MS);
      await bus.visits.end('left');
      await bus.visits.end('left');
      await bus.visits.begin('silent', 'c', SHORT_MS);
      await bus.visits.begin('found again', 'c', SHORT_MS);
      await bus.visits.find('found again', LONG_MS);
      await eventually('its time is over', async () => {
        await bus.visits.follow('silent', 'a'); // prolongs nothing, and brings nothing back
        return (await bus.visits.find('silent', 1)) === undefined;
      });
      for (const { visits } of [bus, await reopen()]) {
        for (const id of ['left', 'silent']) assert.equal(await visits.find(id, LONG_MS), undefined);
        assert.notEqual(await visits.find('found again', LONG_MS), undefined);
      }
    });

    check('a request is called off for a while, in its visit only', async ({ bus }) => {
      await bus.visits.begin('v', 'c', LONG_MS);
      await bus.visits.callOff('v', '7', LONG_MS);
      await bus.visits.callOff('v', '8', SHORT_MS);
      assert.equal(await bus.visits.isCalledOff('v', '7'), true);
      assert.equal(await bus.visits.isCalledOff('v', '9'), false);
      assert.equal(await bus.visits.isCalledOff('w', '7'), false);
      await eventually('it is forgotten', async () => !(await bus.visits.isCalledOff('v', '8')));
    });

    check('who watches is rung for each change until they leave', async ({ bus }) => {
      const rings = { here: 0, gone: 0 };
      await bus.visits.begin('v', 'c', LONG_MS);
      const leave = await bus.visits.watch('v', () => {
        rings.here += 1;
      });
      const left = await bus.visits.watch('v', () => {
        rings.gone += 1;
      });
      left();
      for (const change of [
        () => bus.visits.follow('v', 'a'),
        () => bus.visits.unfollow('v', 'a'),
        () => bus.visits.callOff('v', '1', LONG_MS),
        () => bus.visits.end('v'),
      ]) {
        const before = rings.here;
        await change();
        await eventually('it rings', () => rings.here > before);
      }
      leave();
      assert.equal(rings.gone, 0);
    });
  });
}
