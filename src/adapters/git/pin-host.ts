// A name that was harmless at the counter may lead into our own network by now: before each use of a remote its host is
// found anew, and git is told to connect to what was found and to nothing else.
import { AgenticoreError } from '../../domain/errors.js';
import { repoHost } from '../../domain/repo-url.js';
import type { FindHost } from '../../ports/find-host.js';
import type { HostPin } from './remote.js';

/**
 * `env`: git's own. Behind a proxy a name may be one that only the proxy can find, and has to refuse. ssh takes no
 * address besides the name, so that there only the look beforehand protects.
 */
export const createHostPin =
  (findHost: FindHost, env: Readonly<Record<string, string>>): HostPin =>
  async (url) => {
    const at = repoHost(url);
    if (at === undefined) return [];
    const { protocol, host, port } = at;
    const found = await findHost(host, port);
    switch (found.kind) {
      case 'allowed': {
        const isItself = host.startsWith('['); // an address is looked up nowhere
        if (protocol === 'ssh' || isItself) return [];
        return [`http.curloptResolve=${host}:${port}:${found.addresses.map(bracketed).join(',')}`];
      }
      case 'refused':
        throw new AgenticoreError(
          'REPO_URL_REFUSED',
          `${host} leads to an address that is not public; AGENTICORE_ALLOWED_REPO_HOSTS must name it.`,
        );
      case 'unknown':
        if (protocol !== 'ssh' && hasProxy(env, protocol)) return [];
        throw new AgenticoreError('REPOSITORY_UNREACHABLE', `${host} cannot be found: ${found.error}.`);
      default:
        return found satisfies never;
    }
  };

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const hasProxy = (env: Readonly<Record<string, string>>, protocol: string): boolean =>
  Object.entries(env).some(
    ([name, value]) => value !== '' && [`${protocol}_proxy`, 'all_proxy'].includes(name.toLowerCase()),
  );
