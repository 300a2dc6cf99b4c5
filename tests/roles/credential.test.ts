import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { fingerprintCredential } from '../../src/roles/credential.js';

const print = (values: Record<string, string>): string => fingerprintCredential(values, sha256);
const KEY = { ANTHROPIC_API_KEY: 'sk-ant-0123456789' };

it('two processes with the same credential have the same fingerprint, whatever else differs', () => {
  assert.equal(print({ PATH: '/bin', ...KEY }), print({ ...KEY, PATH: '/usr/bin', ANTHROPIC_MODEL: 'opus' }));
});

it('another key, another address or another kind of credential is another account', () => {
  const others = [
    { ANTHROPIC_API_KEY: 'sk-ant-another' },
    { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-0123456789' },
    { ...KEY, ANTHROPIC_BASE_URL: 'https://gateway.example' },
    { CLAUDE_CODE_USE_BEDROCK: '1', AWS_ROLE_ARN: 'arn:aws:iam::1:role/a' },
    { CLAUDE_CODE_USE_BEDROCK: '1', AWS_ROLE_ARN: 'arn:aws:iam::1:role/b' },
  ];
  assert.equal(new Set([KEY, ...others].map(print)).size, others.length + 1);
});

it('the fingerprint is short and does not contain the credential', () => {
  assert.match(print(KEY), /^[0-9a-f]{16}$/);
});
