// Which proxy the environment names for an address, read as curl and git read it: what git can push to can then be
// asked for a pull request.
import { AgenticoreError } from '../../domain/errors.js';

/** Of the environment: the proxy variables, and which certificates to trust. */
export type NetworkVariables = Readonly<Record<string, string>>;

export interface NamedProxy {
  /** Where it listens, without credentials. */
  readonly origin: string;
  /** `Basic ...` of the credentials in the variable; undefined when there are none. */
  readonly authorization?: string;
  /** For people: `proxy.example.com:3128`. */
  readonly host: string;
  /** The one that names it. */
  readonly variable: string;
}

const OWN_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
/** Where a proxy listens whose address has no port. */
const PROXY_PORTS: Readonly<Record<string, string>> = { http: '1080', https: '443' };

/** Undefined where none is named, or NO_PROXY names the host. Throws CONFIG_INVALID. */
export function proxyOf(url: string, variables: NetworkVariables): NamedProxy | undefined {
  const target = new URL(url);
  const named = given(`${target.protocol.slice(0, -1)}_proxy`, variables) ?? given('all_proxy', variables);
  if (named === undefined || isPast(target, given('no_proxy', variables)?.value ?? '')) return undefined;
  return readProxy(named.variable, named.value);
}

/** Small letters win. */
function given(
  name: string,
  variables: NetworkVariables,
): { readonly variable: string; readonly value: string } | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = variables[variable]?.trim();
    if (value !== undefined && value !== '') return { variable, value };
  }
  return undefined;
}

/** `example.com` and `.example.com` stand for the host and all below it; with a port, for that port alone. */
function isPast({ protocol, hostname, port }: URL, list: string): boolean {
  const host = bare(hostname);
  return list.split(/[\s,]+/).some((entry) => {
    const [, name = entry, only] = /^(\[.*\]|[^:]+):(\d+)$/.exec(entry) ?? [];
    if (only !== undefined && only !== (port || OWN_PORTS[protocol])) return false;
    const meant = bare(name.toLowerCase()).replace(/^\*?\./, '');
    return meant === '*' || (meant !== '' && (host === meant || host.endsWith(`.${meant}`)));
  });
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

function readProxy(variable: string, value: string): NamedProxy {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(value) ?? [];
  const kind = scheme.toLowerCase();
  const ownPort = PROXY_PORTS[kind];
  if (ownPort === undefined)
    throw unusable(
      variable,
      `names a proxy of the kind ${kind}, and GitHub's API is asked through http and https ones only`,
    );
  const [, written] = /^(?:.*@)?(?:\[[^\]]*\]|[^:/]*):(\d+)(?:[/?#].*)?$/s.exec(rest) ?? [];
  const address = `${kind}://${rest}`;
  // Nothing of what is thrown here: it holds the address, with its credentials.
  if (!URL.canParse(address)) throw unusable(variable, 'is no address of a proxy');
  const { hostname, username, password } = new URL(address);
  const host = `${hostname}:${written ?? ownPort}`;
  const login = `${decoded(username)}:${decoded(password)}`;
  return {
    origin: `${kind}://${host}`,
    ...(login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
    ...{ host, variable },
  };
}

const unusable = (variable: string, fault: string): AgenticoreError =>
  new AgenticoreError(
    'CONFIG_INVALID',
    `${variable} ${fault}; set it to http://host:port, user and password before the host with special characters as %XX, and start the server again.`,
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
