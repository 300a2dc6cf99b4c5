// Whether an address is one of the public internet. Whatever else it may be - this machine, its network, its cloud's
// metadata, a way to write one of these inside another address - it is not.
import ipaddr from 'ipaddr.js';

/** Public by their number, and yet they answer the machines of one cloud only: Azure's. */
const NOT_PUBLIC = new Set(['168.63.129.16']);

/** Global unicast. Outside of it lies nothing that is public today. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** IPv4 behind a translator (NAT64): the last four bytes say where it leads. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** False for text that is no address, in its plain spelling, as well. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return false;
  const address = plain(ipaddr.parse(text));
  if (address.range() !== 'unicast' || NOT_PUBLIC.has(address.toString())) return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6);
}

/** The IPv4 address that an IPv6 address stands for, where it does. */
export function plain(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}
