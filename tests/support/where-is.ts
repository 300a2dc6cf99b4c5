// Where a text lies that must lie nowhere: in files, in the arguments and environments of processes, in the bus.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../src/adapters/host/system-error.js';

/** Files below a folder that contain the text, or have it in their name. */
export function filesWith(text: string, folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((path) => path.includes(text) || (isFile(path) && readFileSync(path).includes(text)));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return filesWith(text, folder); // one went away while we looked
  }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Arguments and environments of this machine's processes that contain the text. */
export function processFilesWith(
  text: string,
  kinds: readonly string[] = ['cmdline', 'environ'],
): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const files = pids.flatMap((pid) => kinds.map((kind) => `/proc/${pid}/${kind}`));
  return files.filter((file) => {
    try {
      return readFileSync(file, 'utf8').includes(text);
    } catch {
      return false; // it ended while we looked
    }
  });
}
