// The contract of the tallies: each is counted once, in a window that begins with the first.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const LONG_MS = 600_000;

/** Registers the cases. */
export function talliesContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: tallies`, () => {
    check('count each once, however many come at once, and anew in the next window', async ({ bus }) => {
      const count = async (what: string, ms: number): Promise<number> =>
        (await bus.tallies.count(what, ms)).count;
      const counted = await Promise.all([1, 2, 3, 4].map(() => count('login {a}:ü', LONG_MS)));
      assert.deepEqual(counted.sort(), [1, 2, 3, 4]);
      assert.equal(await count('other', 20), 1);
      await eventually('the next window begins', async () => (await count('other', 20)) === 1);
      assert.equal(await count('login {a}:ü', LONG_MS), 5);
    });

    check('say how long the window still is, which later ones do not prolong', async ({ bus }) => {
      const first = await bus.tallies.count('calls', LONG_MS);
      const second = await bus.tallies.count('calls', 2 * LONG_MS);
      assert.ok(first.leftMs > LONG_MS / 2 && first.leftMs <= LONG_MS, String(first.leftMs));
      assert.ok(second.leftMs <= first.leftMs, String(second.leftMs));
    });
  });
}
