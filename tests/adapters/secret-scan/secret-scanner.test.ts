import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSecretScanner } from '../../../src/adapters/secret-scan/create-secret-scanner.js';
import { MANY_SECRETS } from '../../../src/domain/guard.js';
import { GITHUB_TOKEN, SLACK_TOKEN } from '../../support/planted-secrets.js';

const OWN = 'the-key-of-this-server-0001';
const OWN_SECRETS = [OWN, 'short', 'production'];
const NEVER = new AbortController().signal;

const scan = (content: string | Uint8Array, ownOnly = false) =>
  createSecretScanner(() => OWN_SECRETS).scan(Buffer.from(content), ownOnly, NEVER);

describe('the secret scanner', () => {
  it('finds what has the form of a secret, and says where without saying what', async () => {
    const found = await scan(`one\ntwo\nkey = "${GITHUB_TOKEN}"\nslack: ${SLACK_TOKEN}\n`);
    assert.deepEqual(
      found.map(({ what, line, isOwn }) => [what, line, isOwn]),
      [
        ['a secret (slack)', 4, false],
        ['a secret (github)', 3, false],
      ],
    );
    assert.deepEqual(found.map(({ text }) => text).sort(), [GITHUB_TOKEN, SLACK_TOKEN]);
  });

  it('finds private keys, tokens of package managers and passwords in addresses, whatever the file is called', async () => {
    const body = Buffer.from(`openssh-key-v1\0${'k'.repeat(300)}`).toString('base64');
    const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----`;
    const lines = [
      key,
      `//registry.npmjs.org/:_authToken=${'0a1b2c3d'.repeat(4)}`,
      'https://deploy:hunter2hunter2@example.com/x.git',
      'postgres://app:c0rrecth0rse@db.example.com/app',
    ];
    const found = await scan(lines.join('\n'));
    assert.deepEqual(found.map(({ what }) => what).sort(), [
      'a secret (basicauth)',
      'a secret (database-connection-string)',
      'a secret (npm)',
      'a secret (privatekey)',
    ]);
    assert.ok(
      found.some(({ text }) => text.endsWith('0a1b2c3d')),
      'the whole token',
    );
  });

  it('heeds no comment that switches it off', async () => {
    const comments = ['secretlint-disable', 'secretlint-disable-next-line', 'secretlint-disable-line'];
    for (const comment of comments)
      assert.equal((await scan(`// ${comment}\n${GITHUB_TOKEN} // ${comment}\n`)).length, 1, comment);
  });

  it("always finds the server's own, but takes no mere word for one", async () => {
    const found = await scan(`in production, short\n${OWN} ${GITHUB_TOKEN}`, true);
    assert.deepEqual(found, [{ isOwn: true, what: 'a secret of this server', line: 2, text: OWN }]);
  });

  it('knows those that were learned since it was made', async () => {
    let secrets: readonly string[] = [];
    const scanner = createSecretScanner(() => secrets);
    const look = async () => (await scanner.scan(Buffer.from(`of an hour: ${OWN}`), true, NEVER)).length;
    assert.equal(await look(), 0);
    secrets = [OWN];
    assert.equal(await look(), 1);
  });

  it('looks into binary data and UTF-16', async () => {
    assert.equal((await scan(`é${GITHUB_TOKEN}`)).length, 1);
    const binary = Buffer.concat([Buffer.from([0, 1, 2, 255]), Buffer.from(GITHUB_TOKEN), Buffer.from([0])]);
    const wide = Buffer.from(`x ${OWN} ${GITHUB_TOKEN}`, 'utf16le');
    assert.deepEqual(
      [await scan(binary), await scan(wide)].map((found) => found.map(({ what, line }) => [what, line])),
      [
        [['a secret (github)', undefined]],
        [
          ['a secret of this server', undefined],
          ['a secret (github)', undefined],
        ],
      ],
    );
  });

  it('finds one wherever it lies in a large content, and lets others work meanwhile', async () => {
    for (const before of [65_500, 65_536 - 12 * 1024 - 20, 20_000_000]) {
      let turns = 0;
      const ticking = setInterval(() => (turns += 1), 0);
      const found = await scan(`${'word\n'.repeat(before / 5)}${GITHUB_TOKEN}\n${'word\n'.repeat(20_000)}`);
      clearInterval(ticking);
      assert.deepEqual(
        found.map(({ line }) => line),
        [Math.floor(before / 5) + 1],
      );
      assert.ok(turns > 0);
    }
  });

  it('stops where there are more than anybody asks about', async () => {
    const token = (n: number) => `ghp_${String(n).padStart(36, 'a')}`;
    const many = Array.from({ length: 20_000 }, (_, n) => token(n)).join('\n');
    const found = await scan(many);
    assert.ok(found.length > MANY_SECRETS && found.length < 3000, `${found.length}`);
  });

  it('stops when it is told to', async () => {
    const content = Buffer.alloc(1_000_000, 'x');
    await assert.rejects(
      createSecretScanner(() => []).scan(content, false, AbortSignal.abort('enough')),
      (error) => error === 'enough',
    );
  });
});
