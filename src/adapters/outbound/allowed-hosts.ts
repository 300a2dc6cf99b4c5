// Where requests may lead, as the operator has it: any public host, and whatever is named.
import ipaddr from 'ipaddr.js';
import { AgenticoreError } from '../../domain/errors.js';
import { hostMatches } from '../../domain/hosts.js';
import { isPublicAddress, plain } from './public-address.js';

/** Among the names: any public host besides. */
export const PUBLIC = 'public';

type Network = ReturnType<typeof ipaddr.parseCIDR>;

export interface AllowedHosts {
  /** The operator has named this host: wherever it leads, it may. */
  names(host: string, port: number): boolean;
  /** An address may be connected to, whoever leads there. */
  holds(address: string): boolean;
  readonly isPublic: boolean;
  readonly hasNetworks: boolean;
}

/** `entries`: hosts, `*.host`, `host:port`, networks such as `10.0.0.0/8`, `public`. Throws CONFIG_INVALID. */
export function allowHosts(entries: readonly string[] = [PUBLIC]): AllowedHosts {
  const isPublic = entries.includes(PUBLIC);
  const networks = entries.filter((entry) => entry.includes('/')).map(networkOf);
  const patterns = entries.filter((entry) => !entry.includes('/') && entry !== PUBLIC);
  return {
    names: (host, port) => patterns.some((pattern) => hostMatches(pattern, host, port)),
    holds: (address) =>
      (isPublic && isPublicAddress(address)) || networks.some((network) => isIn(network, address)),
    isPublic,
    hasNetworks: networks.length > 0,
  };
}

function networkOf(entry: string): Network {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  const message = `${entry} of AGENTICORE_CALLBACK_ALLOWED_HOSTS is no network; write it as 10.0.0.0/8.`;
  throw new AgenticoreError('CONFIG_INVALID', message);
}

function isIn([base, bits]: Network, text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = plain(ipaddr.parse(text));
  return address.kind() === base.kind() && address.match(base, bits);
}
