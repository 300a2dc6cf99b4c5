// What Claude said in a job goes when its feed TTL has passed; the job, its answer and what happened in it stay.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.js';
import { mendIt, startFleet } from './fleet.js';
import { readJson } from './surrounded-server.js';

const TIMEOUT = { timeout: 90_000 };

describe('a feed TTL', { concurrency: true }, () => {
  for (const bus of ['file', 'redis'] as const)
    it(`forgets what was said, and nothing else, on the ${bus} bus`, TIMEOUT, async (t) => {
      const fleet = await startFleet(bus, [mendIt], { AGENTICORE_FEED_TTL: '3' });
      t.after(() => fleet.close());
      const request = { task: 'make the test pass', repo_url: fleet.remote, wait: true };
      const { id, output } = await fleet.submit(request);
      const whole = await fleet.feed(id);
      assert.ok(whole.some(({ event }) => event === 'assistant'));

      const left = await eventually('its feed has been trimmed', async () => {
        const frames = await fleet.feed(id);
        return frames.some(({ event }) => event === 'gap') ? frames : undefined;
      });
      assert.deepEqual(
        left.filter(({ event }) => event !== 'gap'),
        whole.filter(({ event }) => /^[A-Z]|^end$/.test(event)),
      );
      const { job } = await readJson(await fleet.get(`/jobs/${id}`));
      assert.deepEqual([job.status, job.output], ['succeeded', output]);
    });
});
