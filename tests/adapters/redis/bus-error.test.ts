// What is said to mend a Redis that cannot be used mends just that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unreachable } from '../../../src/adapters/redis/bus-error.js';

test("an authority of one's own is named where one is missing, and for no other fault of a certificate", () => {
  for (const reason of [
    'self-signed certificate',
    'self-signed certificate in certificate chain',
    'unable to verify the first certificate',
    'unable to get local issuer certificate',
  ])
    assert.match(unreachable(reason).message, /NODE_EXTRA_CA_CERTS/, reason);
  for (const reason of [
    'certificate has expired',
    "Hostname/IP does not match certificate's altnames: IP: 10.0.0.1 is not in the cert's list",
  ])
    assert.doesNotMatch(unreachable(reason).message, /NODE_EXTRA_CA_CERTS/, reason);
});
