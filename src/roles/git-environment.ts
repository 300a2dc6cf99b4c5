// What of this process's environment git may see.

/** What other programs know by one name, git and its TLS by another. */
const GIT_NAMES: Readonly<Record<string, string>> = {
  SSL_CERT_FILE: 'GIT_SSL_CAINFO',
  SSL_CERT_DIR: 'GIT_SSL_CAPATH',
};

/** What git needs to find its programs and the network; the model's credentials are none of its business. */
export function gitEnvironment(passthrough: Readonly<Record<string, string>>): Record<string, string> {
  const needed = Object.entries(passthrough).filter(
    ([name]) => /^(PATH|[a-z]+_proxy)$/i.test(name) || name in GIT_NAMES,
  );
  return Object.fromEntries(needed.map(([name, value]) => [GIT_NAMES[name] ?? name, value]));
}
