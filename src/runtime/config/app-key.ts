// The private key of a GitHub App: kept in a file, a variable or config.yml, in one of two spellings; read once at start,
// so that a key that cannot be used is told then, and not by the first push.
import { createPrivateKey } from 'node:crypto';
import { type ErrorDetail, messageOf } from '../../domain/errors.js';
import type { ReadFile } from './sources.js';

export interface AppKey {
  /** PEM; undefined when no App is configured. */
  readonly pem?: string;
  /** What gives the key away: each line of it. */
  readonly secrets: readonly string[];
  readonly problems: readonly ErrorDetail[];
}

const ID = 'github.app_id';
const INSTALLATION = 'github.app_installation_id';
const PATH = 'github.app.private_key_path';
const TEXT = 'github.app.private_key';
const BASE64 = 'github.app.private_key_base64';

/** Reads the key out of the settings `values`; `where` says of a key of them where it was set. */
export function readAppKey(
  values: ReadonlyMap<string, unknown>,
  read: ReadFile,
  where: (key: string) => string,
): AppKey {
  const isSet = (key: string): boolean => values.get(key) !== undefined;
  const failed = (key: string, message: string): AppKey => ({
    secrets: [],
    problems: [{ path: where(key), message }],
  });
  const [kept, another] = [PATH, TEXT, BASE64].filter(isSet);
  if (kept === undefined && isSet(ID))
    return failed(ID, 'needs the key of the App: set GITHUB_APP_PRIVATE_KEY_PATH');
  if (kept === undefined)
    return isSet(INSTALLATION) ? failed(INSTALLATION, 'needs GITHUB_APP_ID') : { secrets: [], problems: [] };
  if (another !== undefined) return failed(another, `must not be set beside ${where(kept)}; set one of them`);
  if (!isSet(ID)) return failed(kept, 'needs GITHUB_APP_ID, the number of the App that the key belongs to');

  const value = String(values.get(kept));
  const file = kept === PATH ? read(value) : undefined;
  if (file?.error !== undefined)
    return failed(kept, `must be a file that can be read: ${file.error.message}`);
  const text = kept === BASE64 ? Buffer.from(value, 'base64').toString() : (file?.text ?? value);
  const pem = `${text.replaceAll('\\n', '\n').trim()}\n`;
  const fault = faultOf(pem);
  if (fault !== undefined) return failed(kept, fault);
  const lines = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  return { pem, secrets: [pem, ...lines], problems: [] };
}

function faultOf(pem: string): string | undefined {
  const wanted = 'must be the private key of a GitHub App: the .pem file that GitHub hands out';
  try {
    const { asymmetricKeyType } = createPrivateKey(pem);
    return asymmetricKeyType === 'rsa' ? undefined : `${wanted}; this is a key of another kind`;
  } catch (error) {
    return `${wanted} (${messageOf(error)})`;
  }
}
