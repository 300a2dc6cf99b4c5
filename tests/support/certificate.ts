// A certificate for a server on loopback, made by openssl: whoever is to trust it is given its file.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** Of `cert`. */
  readonly path: string;
}

/** For 127.0.0.1, and for a name besides. */
export function makeCertificate(folder: string, alsoFor?: string): Certificate {
  const [keyPath, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath];
  const names = `subjectAltName=IP:127.0.0.1${alsoFor === undefined ? '' : `,DNS:${alsoFor}`}`;
  const name = ['-subj', '/CN=loopback', '-addext', names, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...name, '-out', path], { stdio: 'pipe' });
  return { key: readFileSync(keyPath, 'utf8'), cert: readFileSync(path, 'utf8'), path };
}
