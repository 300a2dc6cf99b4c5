// Whose certificates count: those of Node's own list, of NODE_EXTRA_CA_CERTS, and of what SSL_CERT_FILE names, which
// Node itself does not look at and git does.
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { AgenticoreError, messageOf } from '../../domain/errors.js';
import type { NetworkVariables } from './proxy-of.js';

/** Undefined: Node's own, which knows NODE_EXTRA_CA_CERTS. Throws CONFIG_INVALID. */
export function trustOf({
  SSL_CERT_FILE: file,
  NODE_EXTRA_CA_CERTS: extra,
}: NetworkVariables): SecureContext | undefined {
  if (file === undefined) return undefined;
  return createSecureContext({
    ca: [...rootCertificates, ...(extra === undefined ? [] : extraOf(extra)), bundleOf(file)],
  });
}

function bundleOf(file: string): string {
  let bundle: string;
  try {
    bundle = readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(`cannot be read: ${messageOf(error)}`);
  }
  if (!/^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/m.test(bundle))
    throw unusable(`holds no certificate: ${file}`);
  return bundle;
}

/** Node warns at its start of one that it cannot read, and goes on without. */
function extraOf(file: string): readonly string[] {
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}

const unusable = (fault: string): AgenticoreError =>
  new AgenticoreError(
    'CONFIG_INVALID',
    `The file that SSL_CERT_FILE names ${fault}; set it to a bundle of certificates (PEM) and start the server again.`,
  );
