// Takes the credentials out of an address that its owner wrote them into, so that they are on no command line, in no
// file and in no message.
import type { Credentials } from '../../ports/credentials.js';

export interface SplitAddress {
  readonly url: string;
  /** What the address said of its owner; undefined when it said nothing. */
  readonly credentials: Credentials | undefined;
}

const WITH_LOGIN = /^(https?:\/\/)([^/@:]+)(?::([^/@]*))?@([^/]+\/.*)$/i;

/** An address without credentials comes back as it is; whether it is allowed is for others to say. */
export function splitCredentials(url: string): SplitAddress {
  const match = WITH_LOGIN.exec(url);
  if (match === null) return { url, credentials: undefined };
  const [, scheme = '', user = '', password = '', rest = ''] = match;
  const login = { username: decoded(user), password: decoded(password) };
  return {
    url: `${scheme}${rest}`,
    credentials: { forRepository: async () => login, refused: () => false },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
