// Lays a version of a package out for Claude: its configuration directory, a copy to work in, a home, a place for
// temporary files. What lies there already - after a restart, or from another process - is written over, never removed.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeConfigDir } from '../materialise.js';
import { makePrivateDirectory, writePrivateFile } from '../private-files.js';
import type { PackageFolder } from './package-folder.js';

/** The folders of a laid-out version. */
export interface PackageLayout {
  readonly root: string;
  /** Claude's configuration directory, with its sessions in it. */
  readonly claude: string;
  /** A copy of the package. */
  readonly work: string;
  readonly home: string;
  readonly tmp: string;
  /** MCP configurations. */
  readonly mcp: string;
}

/** Where a version has its folders. */
export const layoutAt = (root: string): PackageLayout => ({
  root,
  claude: join(root, 'claude'),
  work: join(root, 'work'),
  home: join(root, 'home'),
  tmp: join(root, 'tmp'),
  mcp: join(root, 'mcp'),
});

/** Makes the folder of all the others. */
export async function makeRoot({ root }: PackageLayout): Promise<void> {
  await mkdir(dirname(root), { recursive: true, mode: 0o700 });
  await makePrivateDirectory(root);
}

/** Makes the folders of the layout in its root and writes the package into them. Nothing is written through a link. */
export async function layOutPackage(folder: PackageFolder, layout: PackageLayout): Promise<void> {
  const { claude, work, home, tmp, mcp } = layout;
  for (const directory of [claude, work, home, tmp, mcp]) await makePrivateDirectory(directory);
  await writeConfigDir(claude, folder.files, folder.settings);
  for (const [relative, file] of folder.files) {
    const executable = file.executable || relative.startsWith('runners/');
    await writePrivateFile(work, relative, await readFile(file.path), executable);
  }
}
