// Takes the credentials out of an address that its owner wrote them into, so that they are on no command line, in no
// file and in no message.

export interface SplitAddress {
  readonly url: string;
  /** `key=value` configuration that shows them to the server of that address, and to no other. */
  readonly config: readonly string[];
}

const WITH_LOGIN = /^(https?:\/\/)([^/@:]+):([^/@]+)@([^/]+)(\/.*)$/i;

/** An address without credentials comes back as it is; whether it is allowed is for others to say. */
export function splitCredentials(url: string): SplitAddress {
  const match = WITH_LOGIN.exec(url);
  if (match === null) return { url, config: [] };
  const [, scheme = '', user = '', password = '', host = '', path = ''] = match;
  const login = Buffer.from(`${decoded(user)}:${decoded(password)}`).toString('base64');
  return {
    url: `${scheme}${host}${path}`,
    config: [`http.${scheme}${host}/.extraHeader=Authorization: Basic ${login}`],
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
