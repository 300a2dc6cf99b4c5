// The contract of the grants: texts with a deadline, replaced by one of many who know them.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { busCase, type OpenBus } from './bus-under-test.js';

const LONG_MS = 600_000;

/** Registers the cases. */
export function grantsContract(name: string, open: OpenBus): void {
  const check = busCase(open);

  describe(`${name}: grants`, () => {
    check('keeps texts by kind and id, also for the next process', async ({ bus: { grants }, reopen }) => {
      await grants.put('client', 'a {b}:c ü', 'one', LONG_MS);
      await grants.put('grant', 'a {b}:c ü', 'two', LONG_MS);
      await grants.put('grant', 'a {b}:c ü', 'three', LONG_MS);
      const { grants: next } = await reopen();
      assert.equal(await next.find('client', 'a {b}:c ü'), 'one');
      assert.equal(await next.find('grant', 'a {b}:c ü'), 'three');
      assert.equal(await next.find('grant', 'a'), undefined);
    });

    check('lets one of many replace what they all know', async ({ bus: { grants }, reopen }) => {
      await grants.put('grant', 'g', 'before', LONG_MS);
      const after = ['1', '2', '3', '4', '5', '6', '7', '8'];
      const wins = await Promise.all(
        after.map((text) => grants.replace('grant', 'g', 'before', text, LONG_MS)),
      );
      assert.equal(wins.filter((won) => won).length, 1);
      const { grants: next } = await reopen();
      assert.equal(await next.find('grant', 'g'), after[wins.indexOf(true)]);
      assert.equal(await next.replace('grant', 'g', 'before', 'late', LONG_MS), false);
    });

    check('replaces nothing that is not there', async ({ bus: { grants }, reopen }) => {
      assert.equal(await grants.replace('grant', 'g', '', 'after', LONG_MS), false);
      await grants.put('grant', 'g', 'before', LONG_MS);
      await grants.remove('grant', 'g');
      await grants.remove('grant', 'never there');
      const { grants: next } = await reopen();
      assert.equal(await next.replace('grant', 'g', 'before', 'after', LONG_MS), false);
      assert.equal(await next.find('grant', 'g'), undefined);
    });

    check('forgets what has outlived its time; a replacement has a time of its own', async ({ bus }) => {
      const { grants } = bus;
      await grants.put('grant', 'short', 'text', 20);
      await grants.put('grant', 'prolonged', 'before', LONG_MS);
      assert.ok(await grants.replace('grant', 'prolonged', 'before', 'after', 20));
      for (const id of ['short', 'prolonged'])
        await eventually(`${id} is forgotten`, async () => (await grants.find('grant', id)) === undefined);
      assert.equal(await grants.replace('grant', 'short', 'text', 'after', LONG_MS), false);
    });
  });
}
