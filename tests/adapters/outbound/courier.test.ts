import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CourierOptions, createCourier } from '../../../src/adapters/outbound/courier.js';
import { isCode } from '../../../src/domain/errors.js';
import { CALLBACK_SECRET } from '../../support/courier.js';
import { isSigned, type Receiver, startReceiver } from '../../support/receiver.js';

const NEVER = new AbortController().signal;
const LOOPBACK = { allowedHosts: ['public', '127.0.0.0/8'] } as const;

const courier = (options: Partial<CourierOptions> = {}) =>
  createCourier({ secrets: [CALLBACK_SECRET], version: '1.2.3', now: Date.now, ...options });

async function receiving(
  t: { after(done: () => Promise<void>): void },
  answer?: Parameters<typeof startReceiver>[0],
): Promise<Receiver> {
  const receiver = await startReceiver(answer);
  t.after(() => receiver.close());
  return receiver;
}

const letterTo = (url: string) => ({ url, id: 'msg_1', body: '{"type":"job.succeeded"}' });

describe('a callback_url', () => {
  const REFUSED: readonly string[] = [
    ...['', 'nonsense', '/hook', 'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/'],
    ...[
      'https://user:password@example.com/',
      'https://user@example.com/',
      `https://example.com/${'x'.repeat(2048)}`,
    ],
    ...[
      'http://localhost/',
      'http://LOCALHOST./',
      'http://hook.localhost/',
      'http://intranet/',
      'http://a.internal/',
    ],
    ...[
      'http://127.0.0.1/',
      'http://2130706433/',
      'http://0x7f000001/',
      'http://0177.0.0.1/',
      'http://127.1/',
    ],
    ...[
      'http://0/',
      'http://0.0.0.0:8200/',
      'http://10.0.0.1/',
      'http://[::1]/',
      'http://[::ffff:127.0.0.1]/',
    ],
    ...[
      'http://[::ffff:7f00:1]/',
      'http://[64:ff9b::7f00:1]/',
      'http://[fe80::1]/',
      'http://[fd00:ec2::254]/',
    ],
    ...[
      'http://169.254.169.254/latest/meta-data',
      'http://metadata.google.internal/',
      'http://100.100.100.200/',
    ],
    ...['http://①②⑦.⓪.⓪.①/', 'http://127。0。0。1/', 'http://%31%32%37.0.0.1/'],
  ];
  for (const url of REFUSED) {
    it(`is refused: ${url.slice(0, 60) || '(nothing)'}`, () =>
      assert.throws(
        () => courier().check(url),
        (error) => isCode(error, 'CALLBACK_URL_REFUSED'),
      ));
  }

  it('may be any public host, over http too, at any port', () => {
    for (const url of [
      'https://example.com/a?b=c',
      'http://example.com:8080',
      'https://1.1.1.1/',
      'https://[2606:4700::1111]/',
    ])
      courier().check(url);
  });

  it('may be what the operator names, and then nothing else unless public is named too', () => {
    const named = courier({ allowedHosts: ['ci.internal:8080', '*.example.com', '10.0.0.0/8', 'localhost'] });
    for (const url of [
      'http://ci.internal:8080/',
      'https://a.example.com/',
      'http://10.1.2.3/',
      'http://localhost:9/',
    ])
      named.check(url);
    for (const url of ['http://127.0.0.1/', 'http://192.168.0.1/', 'https://1.1.1.1/'])
      assert.throws(
        () => named.check(url),
        (error) => isCode(error, 'CALLBACK_URL_REFUSED'),
        url,
      );
    courier({ allowedHosts: ['public', '10.0.0.0/8'] }).check('https://1.1.1.1/');
    assert.throws(
      () => courier({ allowedHosts: ['10.0.0.0/99'] }),
      (error) => isCode(error, 'CONFIG_INVALID'),
    );
  });

  it('is refused by a server that cannot sign', () => {
    const check = () => courier({ secrets: [] }).check('https://example.com/');
    assert.throws(check, /AGENTICORE_CALLBACK_SECRETS/);
  });
});

describe('the courier', () => {
  it('signs as the Standard Webhooks specification says, with every secret', async (t) => {
    const receiver = await receiving(t);
    const next = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const outcome = await courier({ ...LOOPBACK, secrets: [CALLBACK_SECRET, next] }).deliver(
      letterTo(`${receiver.url}/hook?x=1`),
      NEVER,
    );
    assert.deepEqual(outcome, { kind: 'delivered', httpStatus: 204 });
    const [got = assert.fail()] = receiver.received;
    assert.deepEqual(
      [got.path, got.body, got.headers['webhook-id']],
      ['/hook?x=1', '{"type":"job.succeeded"}', 'msg_1'],
    );
    assert.deepEqual(
      [got.headers['content-type'], got.headers['user-agent']],
      ['application/json', 'agenticore/1.2.3'],
    );
    assert.ok(isSigned(got, CALLBACK_SECRET));
    assert.ok(isSigned(got, next));
    assert.ok(!isSigned({ ...got, body: `${got.body} ` }, next), 'of another body it is none');
    assert.ok(!isSigned(got, `whsec_${Buffer.alloc(24, 8).toString('base64')}`));
  });

  it('connects to the address that was checked, and asks for it once', async (t) => {
    const receiver = await receiving(t);
    const asked: string[] = [];
    // A name that leads elsewhere whenever it is asked again.
    const resolve = async (name: string) => {
      asked.push(name);
      return asked.length === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
    };
    const url = `http://rebinding.example:${receiver.port}/`;
    const outcome = await courier({ ...LOOPBACK, resolve }).deliver(letterTo(url), NEVER);
    assert.deepEqual([outcome.kind, asked], ['delivered', ['rebinding.example']]);
    assert.equal(receiver.received[0]?.headers.host, `rebinding.example:${receiver.port}`);
  });

  it('goes nowhere when one of the addresses of a name is not allowed', async (t) => {
    const receiver = await receiving(t);
    for (const addresses of [
      ['127.0.0.1'],
      ['1.1.1.1', '127.0.0.1'],
      ['::ffff:127.0.0.1'],
      ['169.254.169.254'],
    ]) {
      const url = `http://innocent.example:${receiver.port}/`;
      const outcome = await courier({ resolve: async () => addresses }).deliver(letterTo(url), NEVER);
      assert.deepEqual(outcome, {
        kind: 'failed',
        error: 'Its host leads to an address that is not allowed.',
        isFinal: false,
      });
    }
    assert.deepEqual(receiver.received, []);
  });

  it('follows no redirect, least of all to the metadata of a cloud', async (t) => {
    const elsewhere = await receiving(t);
    for (const location of ['http://169.254.169.254/latest/meta-data', elsewhere.url]) {
      const receiver = await receiving(t, (response) => void response.writeHead(307, { location }).end());
      const outcome = await courier(LOOPBACK).deliver(letterTo(receiver.url), NEVER);
      assert.deepEqual(outcome, {
        kind: 'failed',
        error: 'It answered 307; redirects are not followed.',
        isFinal: false,
      });
    }
    assert.deepEqual(elsewhere.received, []);
  });

  it('says of a failure what it was, and nothing of what the receiver said', async (t) => {
    const receiver = await receiving(
      t,
      (response, nth) => void response.writeHead(nth === 1 ? 500 : 410).end('secret'),
    );
    const { deliver } = courier({ ...LOOPBACK, resolve: async () => ['127.0.0.1'] });
    const failed = (error: string, isFinal = false) => ({ kind: 'failed', error, isFinal });
    assert.deepEqual(await deliver(letterTo(receiver.url), NEVER), failed('It answered 500.'));
    assert.deepEqual(await deliver(letterTo(receiver.url), NEVER), failed('It answered 410.', true));
    await receiver.close();
    const refused = await deliver(letterTo(receiver.url), NEVER);
    assert.ok(refused.kind === 'failed' && /^No answer: .*ECONNREFUSED/.test(refused.error));
    const nowhere = courier({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    assert.deepEqual(
      await nowhere.deliver(letterTo('https://example.com/'), NEVER),
      failed('Its host cannot be found: ENOTFOUND.'),
    );
  });

  it('does not wait for ever for an answer', async (t) => {
    const receiver = await receiving(t, () => {});
    const outcome = await courier({ ...LOOPBACK, timeoutMs: 50 }).deliver(letterTo(receiver.url), NEVER);
    assert.ok(outcome.kind === 'failed' && /^No answer: /.test(outcome.error));
  });
});
