import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPublicAddress } from '../../../src/adapters/outbound/public-address.js';

/** Each with what it is. */
const NOT_PUBLIC: readonly (readonly [string, string])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'this machine'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['169.254.169.254', "a cloud's metadata"],
  ['169.254.0.1', 'link-local'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['100.100.100.200', 'metadata at Alibaba'],
  ['168.63.129.16', 'metadata at Azure'],
  ['192.0.0.192', 'metadata at Oracle'],
  ['192.0.2.1', 'documentation'],
  ['198.18.0.1', 'benchmarks'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['240.0.0.1', 'reserved'],
  ['::1', 'loopback'],
  ['::', 'this machine'],
  ['fe80::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['fc00::1', 'private'],
  ['fd00:ec2::254', 'metadata at Amazon'],
  ['ff02::1', 'multicast'],
  ['::ffff:127.0.0.1', 'IPv4 in IPv6'],
  ['::ffff:a9fe:a9fe', 'IPv4 in IPv6, in hexadecimal'],
  ['::127.0.0.1', 'IPv4 in IPv6, as it was done once'],
  ['64:ff9b::127.0.0.1', 'IPv4 behind NAT64'],
  ['64:ff9b::a00:1', 'IPv4 behind NAT64'],
  ['64:ff9b:1::a00:1', 'NAT64 of a network of its own'],
  ['2002:7f00:1::', 'IPv4 by 6to4'],
  ['2001:0:7f00:1::', 'IPv4 by Teredo'],
  ['2001:db8::1', 'documentation'],
  ['fe80::1%eth0', 'link-local with its interface'],
  ['2130706433', 'no plain spelling'],
  ['0x7f.0.0.1', 'no plain spelling'],
  ['0177.0.0.1', 'no plain spelling'],
  ['localhost', 'no address'],
  ['', 'no address'],
];

describe('public addresses', () => {
  for (const [address, what] of NOT_PUBLIC) {
    it(`${address || '(nothing)'} is none: ${what}`, () => assert.equal(isPublicAddress(address), false));
  }

  it('are what everybody can reach, also behind NAT64', () => {
    const all = ['1.1.1.1', '140.82.112.3', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'];
    assert.deepEqual(
      all.filter((address) => !isPublicAddress(address)),
      [],
    );
  });
});
