// People say "this folder"; the server needs an address that means the same to it.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AgenticoreError } from '../../../domain/errors.js';

/**
 * The repository as the server is told: a folder of this machine becomes an absolute path, anything else stays.
 * Throws INVALID_REQUEST for a folder when the server is on another machine, and for a path where nothing is.
 */
export async function repoAddress(given: string | undefined, serverUrl: string): Promise<string | undefined> {
  if (given === undefined) return undefined;
  const looksLikePath = /^(\/|\.{1,2}(\/|$))/.test(given);
  const isFolder = await stat(given).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!looksLikePath && !isFolder) return given;
  const path = resolve(given);
  if (!isLoopback(new URL(serverUrl).hostname)) {
    throw new AgenticoreError(
      'INVALID_REQUEST',
      `The server at ${serverUrl} cannot see ${path} of this machine; push the repository and give its URL.`,
    );
  }
  if (!isFolder)
    throw new AgenticoreError(
      'INVALID_REQUEST',
      `There is no folder ${path}; --repo takes a folder or a URL.`,
    );
  return path;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host);
