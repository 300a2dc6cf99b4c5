// Reads the address of Redis. No message repeats it: it may carry a password.
import { AgenticoreError } from '../../domain/errors.js';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: { readonly servername?: string };
}

const DEFAULT_PORT = 6379;

/** Parts of `redis://[[user]:password@]host[:port][/database]` (`rediss://` for TLS). Throws CONFIG_INVALID. */
export function parseAddress(url: string): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const database = /^(?:\/(\d{1,4})?)?$/.exec(parsed?.pathname ?? '');
  if (!parsed?.hostname || !/^rediss?:$/.test(parsed.protocol) || !database || parsed.search || parsed.hash) {
    throw new AgenticoreError(
      'CONFIG_INVALID',
      'The address of Redis must look like redis://[[user]:password@]host[:port][/database], or rediss:// for TLS.',
    );
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    host,
    port: Number(parsed.port || DEFAULT_PORT),
    ...(parsed.username ? { username: decoded(parsed.username) } : {}),
    ...(parsed.password ? { password: decoded(parsed.password) } : {}),
    db: Number(database[1] ?? 0),
    ...(parsed.protocol === 'rediss:'
      ? { tls: /[a-z]/i.test(host) && !host.includes(':') ? { servername: host } : {} }
      : {}),
  };
}

/** Passwords with a bare % are taken as they stand. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
