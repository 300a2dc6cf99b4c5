// What may happen to a grant: redeemed once, refreshed by the newest token, ended by any that was used before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Grant, goodAccess, type Issue, redeem, revokeAccess, rotate } from '../../src/domain/grant.js';

const FRESH: Grant = {
  clientId: 'c',
  scopes: ['jobs:read'],
  resource: 'https://example/mcp',
  code: { hash: 'code', challenge: 'x', redirectUri: 'http://127.0.0.1/cb' },
  access: [],
};

const issue = (nth: number): Issue => ({
  refresh: `r${nth}`,
  access: { hash: `a${nth}`, until: nth + 100, scopes: ['jobs:read'] },
  now: nth,
});

function granted(verdict: ReturnType<typeof redeem>): Grant {
  assert.ok(verdict.kind === 'granted');
  return verdict.grant;
}

test('a code is redeemed once; a second time is theft, another code is none', () => {
  assert.deepEqual(redeem(FRESH, 'other', issue(1)), { kind: 'refused' });
  const open = granted(redeem(FRESH, 'code', issue(1)));
  assert.equal(open.refresh, 'r1');
  assert.deepEqual(redeem(open, 'code', issue(2)), { kind: 'stolen' });
  assert.deepEqual(redeem(open, 'other', issue(2)), { kind: 'refused' });
});

test('the newest refresh token gives the next; any older is theft; before the code there is none', () => {
  assert.deepEqual(rotate(FRESH, 'r1', issue(1)), { kind: 'refused' });
  const open = granted(redeem(FRESH, 'code', issue(1)));
  const next = granted(rotate(open, 'r1', issue(2)));
  assert.equal(next.refresh, 'r2');
  assert.deepEqual(rotate(next, 'r1', issue(3)), { kind: 'stolen' });
});

test('access tokens are good to their end; the record of them does not grow for ever', () => {
  let grant = granted(redeem(FRESH, 'code', issue(1)));
  for (let nth = 2; nth <= 30; nth += 1) grant = granted(rotate(grant, `r${nth - 1}`, issue(nth)));
  assert.equal(grant.access.length, 10);
  assert.equal(goodAccess(grant, 'a30', 129)?.hash, 'a30');
  assert.equal(goodAccess(grant, 'a30', 130), undefined);
  assert.equal(goodAccess(grant, 'a1', 30), undefined, 'the oldest went');
  const later = granted(rotate(grant, 'r30', issue(500)));
  assert.deepEqual(
    later.access.map(({ hash }) => hash),
    ['a500'],
  );
});

test('an access token is revoked alone; one that is not there changes nothing', () => {
  const open = granted(rotate(granted(redeem(FRESH, 'code', issue(1))), 'r1', issue(2)));
  assert.equal(goodAccess(granted(revokeAccess(open, 'a1')), 'a1', 3), undefined);
  assert.ok(goodAccess(granted(revokeAccess(open, 'a1')), 'a2', 3));
  assert.deepEqual(revokeAccess(FRESH, 'a1'), { kind: 'refused' });
});
