// Where this package lives on disk: schemas, profiles and docs are shipped beside the code, not compiled into it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}`);
  return findRoot(parent);
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Absolute path of a file or folder shipped with the package, for example `packagePath('profiles')`. */
export const packagePath = (...segments: readonly string[]): string => join(root, ...segments);
