// What the tests of profiles share: folders written from texts, and a store that looks at nothing else.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { createProfileStore } from '../../../src/adapters/profile-files/profile-store.js';
import type { ProfileStore } from '../../../src/ports/profile-store.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { tempDir } from '../../support/temp-dir.js';

/** Content by path; a script begins with `#!` and becomes executable. */
export type Files = Readonly<Record<string, string>>;

export async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [relative, content] of Object.entries(files)) {
    const path = join(root, relative);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    if (content.startsWith('#!')) await chmod(path, 0o755);
  }
}

export interface Profiles {
  readonly store: ProfileStore;
  /** The directory that the files were written to. */
  readonly dir: string;
  readonly facts: (readonly [string, unknown])[];
}

/** A store of the profiles that the files make up: `a/profile.yml` is the profile a. */
export async function profilesOf(
  t: TestContext,
  files: Files,
  searchDirs: readonly string[] = [],
): Promise<Profiles> {
  const dir = await tempDir(t);
  await writeFiles(dir, files);
  const facts: (readonly [string, unknown])[] = [];
  const store = createProfileStore({
    bundledDir: dir,
    searchDirs,
    checkDocument: compileSchema('profile'),
    log: (fact, fields) => facts.push([fact, fields]),
  });
  return { store, dir, facts };
}

/** Everything below a directory: path -> content; directories end with `/` and have their mode in octal. */
export async function contentsOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const contents: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(root.length + 1);
    if (entry.isDirectory()) contents[`${relative}/`] = modeOf((await stat(path)).mode);
    else contents[relative] = await readFile(path, 'utf8');
  }
  return contents;
}

export const modeOf = (mode: number): string => (mode & 0o777).toString(8);
