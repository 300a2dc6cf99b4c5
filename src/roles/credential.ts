// Which account of the model this process uses, told without telling the credential.
import type { Hash } from '../domain/evidence.js';
import { CLOUDS, CREDENTIALS } from '../runtime/config/claude-environment.js';

const LENGTH = 16;
/** With the same key, another address is another account. */
const ADDRESS = ['ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS'];

/**
 * A short fingerprint of what claude is given to reach the model with: the same for processes that use the same
 * credential at the same address.
 */
export function fingerprintCredential(passthrough: Readonly<Record<string, string>>, hash: Hash): string {
  const names: readonly string[] = [...CREDENTIALS, ...ADDRESS, ...CLOUDS.map((cloud) => cloud.switch)];
  const counts = (name: string): boolean =>
    names.includes(name) || CLOUDS.some((cloud) => cloud.names.test(name));
  const used = Object.entries(passthrough).filter(([name]) => counts(name));
  return hash(JSON.stringify(used.sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, LENGTH);
}
