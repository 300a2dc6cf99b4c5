// The contract of the breaker: shut until its time, then one after the other, then open for all.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const WINDOW_MS = 600_000;

/** Registers the cases. */
export function breakerContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: breaker`, () => {
    check('is closed for a credential that nothing is known of', async ({ bus: { breaker } }) => {
      await breaker.open('other', Date.now() + 60_000);
      assert.deepEqual(await breaker.pass('mine', WINDOW_MS), { kind: 'closed' });
      assert.equal(await breaker.openUntil('mine'), undefined);
    });

    check('is open until the latest time that was told', async ({ bus: { breaker } }) => {
      const until = Date.now() + 60_000;
      await breaker.open('mine', until);
      await breaker.open('mine', until - 30_000);
      assert.deepEqual(await breaker.pass('mine', WINDOW_MS), { kind: 'open', until });
      assert.equal(await breaker.openUntil('mine'), until);
    });

    check(
      'lets one of many through when its time has come, and all when that one closes it',
      async ({ bus }) => {
        const { breaker } = bus;
        await breaker.open('mine', Date.now() + 20);
        const probe = await eventually('the time has come', async () => {
          const asked = await Promise.all([1, 2, 3, 4].map(() => breaker.pass('mine', WINDOW_MS)));
          const probes = asked.filter(({ kind }) => kind === 'probe');
          assert.ok(probes.length <= 1 && asked.every(({ kind }) => kind !== 'closed'));
          return probes[0];
        });
        assert.ok(probe.kind === 'probe');
        const waiting = await breaker.pass('mine', WINDOW_MS);
        assert.ok(waiting.kind === 'open' && waiting.until > Date.now());
        await breaker.close('mine', 'of somebody else');
        assert.equal((await breaker.pass('mine', WINDOW_MS)).kind, 'open');
        await breaker.close('mine', probe.probe);
        assert.deepEqual(await breaker.pass('mine', WINDOW_MS), { kind: 'closed' });
      },
    );

    check('lets the next one through when nothing was heard of a probe', async ({ bus: { breaker } }) => {
      await breaker.open('mine', Date.now() + 20);
      const probe = () =>
        eventually('a probe is let through', async () => {
          const passage = await breaker.pass('mine', 20);
          return passage.kind === 'probe' && passage.probe;
        });
      const first = await probe();
      await probe();
      await breaker.close('mine', first);
      const closed = { kind: 'closed' };
      assert.deepEqual(await breaker.pass('mine', 20), closed, 'it took longer than the next one waited');
    });

    check('is not closed by a probe of before, once it was opened and probed again', async ({ bus }) => {
      const { breaker } = bus;
      const probe = () =>
        eventually('a probe is let through', async () => {
          const passage = await breaker.pass('mine', 20);
          return passage.kind === 'probe' && passage.probe;
        });
      await breaker.open('mine', Date.now() + 20);
      const first = await probe();
      await breaker.open('mine', Date.now() + 60);
      const second = await probe();
      assert.notEqual(first, second);
      await breaker.close('mine', first);
      assert.notEqual((await breaker.pass('mine', 20)).kind, 'closed');
      await breaker.close('mine', second);
      assert.equal((await breaker.pass('mine', 20)).kind, 'closed');
    });

    check('stays open when the limit was met again while a probe ran', async ({ bus: { breaker } }) => {
      await breaker.open('mine', Date.now() + 20);
      const probe = await eventually('a probe is let through', async () => {
        const passage = await breaker.pass('mine', 1000);
        return passage.kind === 'probe' && passage.probe;
      });
      const until = Date.now() + 60_000;
      await breaker.open('mine', until);
      await breaker.close('mine', probe);
      assert.deepEqual(await breaker.pass('mine', WINDOW_MS), { kind: 'open', until });
    });
  });
}
