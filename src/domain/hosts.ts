// Hosts as addresses spell them: which patterns name them, and which of them say by themselves that they are not public.
// Names are not resolved here.

/** `github.com`, `*.example.com`, `host:port`; all in lower case but for the pattern. */
export function hostMatches(pattern: string, host: string, port: number): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted.startsWith('*.')) return host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1;
  return wanted === host || wanted === `${host}:${port}`;
}

/** Literal addresses and names that lead into this machine or its network. */
export function isPrivateHost(host: string): boolean {
  if (host.startsWith('[')) return !isPublicIpv6(host.slice(1, -1));
  const last = host.slice(host.lastIndexOf('.') + 1);
  if (/^(\d+|0x[0-9a-f]*)$/.test(last)) return !isPublicIpv4(host);
  return last === host || PRIVATE_ZONES.includes(last);
}

const PRIVATE_ZONES = ['localhost', 'local', 'internal', 'localdomain', 'arpa'];

function isPublicIpv4(host: string): boolean {
  // Numbers in any other spelling (one long number, octal, hexadecimal) are a way to hide an address.
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(host)) return false;
  const [a = 0, b = 0, c = 0, d = 0] = host.split('.').map(Number);
  if (Math.max(a, b, c, d) > 255 || a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if (a === 100 && b >= 64 && b < 128) return false;
  return !(
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || b === 0)) ||
    (a === 169 && b === 254)
  );
}

/** Global unicast is 2000::/3; what maps an IPv4 address into it (6to4, Teredo) is no way around the rule above. */
const isPublicIpv6 = (host: string): boolean =>
  /^[23][0-9a-f]{3}:/.test(host) && !/^(2002|2001:0{0,4}):/.test(host);
