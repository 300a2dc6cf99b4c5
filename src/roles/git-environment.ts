// What of this process's environment git may see.

/** What git needs to find its programs and the network; the model's credentials are none of its business. */
export function gitEnvironment(passthrough: Readonly<Record<string, string>>): Record<string, string> {
  const needed = /^(PATH|SSL_CERT_FILE|SSL_CERT_DIR|[a-z]+_proxy)$/i;
  return Object.fromEntries(Object.entries(passthrough).filter(([name]) => needed.test(name)));
}
