// News of a job for a client that waits: also when there is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Feed } from '../../../src/ports/feed.js';
import { reportProgress } from '../../../src/surfaces/mcp/report-progress.js';
import { eventually } from '../../support/eventually.js';

test('who waits hears at least every ten seconds what was last, and nothing once it is over', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const submitted = { cursor: '1-0', kind: 'event', type: 'JobSubmitted', data: '{}' } as const;
  const feed: Feed = {
    read: async (_name, after) => ({ entries: after === undefined ? [submitted] : [], gap: false }),
    watch: async () => () => {},
  };
  const heard: string[] = [];
  const enough = new AbortController();
  const deps = { feed, log: assert.fail };
  const over = reportProgress(deps, 'a job', (message) => void heard.push(message), enough.signal);
  await eventually('it is told', () => heard.length > 0);
  t.mock.timers.tick(20_000);
  assert.deepEqual(heard, ['Submitted', 'Submitted', 'Submitted']);
  enough.abort();
  await over;
  t.mock.timers.tick(20_000);
  assert.equal(heard.length, 3);
});
