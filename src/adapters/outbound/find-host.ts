// Finds out where a host leads, and whether all of that is allowed. The answer is what must be connected to: a name that
// is resolved once more may lead elsewhere by then.
import { lookup } from 'node:dns/promises';
import { messageOf } from '../../domain/errors.js';
import type { FindHost } from '../../ports/find-host.js';
import type { AllowedHosts } from './allowed-hosts.js';

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** As this machine resolves names for every program. */
const resolveBySystem: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** One address among several that is not allowed is enough to refuse the host. */
export const createFindHost =
  (allowed: AllowedHosts, resolve: Resolve = resolveBySystem): FindHost =>
  async (host, port) => {
    const name = host.replace(/^\[(.*)\]$/, '$1');
    try {
      const addresses = await resolve(name); // an address resolves to itself
      if (addresses.length === 0) return { kind: 'unknown', error: 'the name has no address' };
      const isAllowed = allowed.names(host, port) || addresses.every((address) => allowed.holds(address));
      return isAllowed ? { kind: 'allowed', addresses } : { kind: 'refused' };
    } catch (error) {
      return { kind: 'unknown', error: messageOf(error) };
    }
  };
