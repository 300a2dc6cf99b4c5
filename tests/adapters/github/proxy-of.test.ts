import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type NetworkVariables, proxyOf } from '../../../src/adapters/github/proxy-of.js';

const API = 'https://api.github.com';
const originOf = (variables: NetworkVariables, url = API) => proxyOf(url, variables)?.origin;

describe('the proxy of an address', () => {
  it('is the one of its protocol, small letters first, else ALL_PROXY', () => {
    assert.equal(originOf({}), undefined);
    assert.equal(originOf({ HTTPS_PROXY: 'http://a:1' }), 'http://a:1');
    assert.equal(originOf({ HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:2' }), 'http://b:2');
    assert.equal(originOf({ HTTPS_PROXY: 'http://a:1', https_proxy: '' }), 'http://a:1');
    assert.equal(originOf({ HTTPS_PROXY: 'http://a:1', all_proxy: 'http://c:3' }), 'http://a:1');
    assert.equal(originOf({ ALL_PROXY: 'http://c:3', all_proxy: 'http://d:4' }), 'http://d:4');
    assert.equal(originOf({ HTTP_PROXY: 'http://a:1' }), undefined, 'that is for http');
    assert.equal(originOf({ HTTP_PROXY: 'http://a:1' }, 'http://ghe.example/api/v3'), 'http://a:1');
    assert.equal(originOf({ HTTPS_PROXY: 'http://a:1' }, 'http://ghe.example/api/v3'), undefined);
  });

  it('may be written without a scheme or a port, and with credentials, which are no part of what is told', () => {
    assert.equal(originOf({ HTTPS_PROXY: 'proxy.example' }), 'http://proxy.example:1080');
    assert.equal(originOf({ HTTPS_PROXY: 'proxy.example:3128' }), 'http://proxy.example:3128');
    assert.equal(originOf({ HTTPS_PROXY: 'http://proxy.example:80/' }), 'http://proxy.example:80');
    assert.equal(
      originOf({ HTTPS_PROXY: 'http://proxy.example:3128/to/here?x' }),
      'http://proxy.example:3128',
    );
    assert.equal(originOf({ HTTPS_PROXY: 'https://proxy.example' }), 'https://proxy.example:443');
    assert.equal(originOf({ HTTPS_PROXY: 'http://[::1]:3128' }), 'http://[::1]:3128');
    const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;
    for (const [value, login] of [
      ['http://me:pa%40ss@proxy:3128', 'me:pa@ss'],
      ['me:secret@proxy:3128', 'me:secret'],
      ['http://token@proxy:3128', 'token:'],
      ['http://me:50%off@proxy:3128', 'me:50%off'],
    ] as const)
      assert.deepEqual(proxyOf(API, { https_proxy: value }), {
        ...{ origin: 'http://proxy:3128', host: 'proxy:3128', variable: 'https_proxy' },
        authorization: basic(login),
      });
  });

  it('that cannot be used is refused with its variable, and without its credentials', () => {
    for (const value of ['socks5://me:secret@proxy:1080', 'http://me:sec#ret@proxy:3128', 'http://']) {
      assert.throws(
        () => proxyOf(API, { HTTPS_PROXY: value }),
        (error: Error) => {
          assert.match(error.message, /^HTTPS_PROXY /);
          assert.doesNotMatch(JSON.stringify([error.message, error.stack, error.cause]), /sec|me:/);
          return true;
        },
      );
    }
  });

  it('is none for what NO_PROXY names: hosts, all below them, one port, everything', () => {
    const isPast = (list: string, url = API): boolean =>
      originOf({ HTTPS_PROXY: 'http://a:1', NO_PROXY: list }, url) === undefined;
    for (const list of [
      'api.github.com',
      'API.GitHub.com',
      'localhost, github.com',
      'localhost .github.com',
      '*.github.com',
      'github.com:443',
      'api.github.com.',
      '*',
    ])
      assert.ok(isPast(list), list);
    for (const list of ['', 'hub.com', 'github.com:8443', 'x.api.github.com', 'api.github', ',,', '.'])
      assert.ok(!isPast(list), list);
    assert.ok(isPast('10.0.0.1:8443', 'https://10.0.0.1:8443/api/v3'));
    assert.ok(!isPast('10.0.0.1:8443', 'https://10.0.0.1/api/v3'));
    assert.ok(isPast('::1', 'https://[::1]/api/v3'));
    assert.ok(isPast('[::1]:443', 'https://[::1]/api/v3'));
    const both = { HTTPS_PROXY: 'http://a:1', NO_PROXY: 'github.com', no_proxy: 'localhost' };
    assert.equal(originOf(both), 'http://a:1', 'small letters win here too');
  });
});
