import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKnownEvent } from '../../../src/app/admin/known-event.js';
import type { JobEvent } from '../../../src/domain/job-event.js';

/** An event as a file says it; only then is it looked at. */
const opened = (more: object): JobEvent =>
  JSON.parse(
    JSON.stringify({
      ...{ type: 'PullRequestOpened', at: 1, attempt: 1, url: 'https://git.example/1', existed: false },
      ...more,
    }),
  );

test('a pull request that lacks something is known by its sentences', () => {
  assert.equal(isKnownEvent(opened({ shortfalls: ['It is no draft.'] })), true);
  assert.equal(isKnownEvent(opened({})), true);
  assert.equal(isKnownEvent(opened({ shortfalls: [1] })), false);
  assert.equal(isKnownEvent(opened({ shortfalls: 'It is no draft.' })), false);
});
