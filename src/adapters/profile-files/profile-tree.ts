// Finds the files of a profile that claude is to get, without ever leaving its folder.
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ErrorDetail } from '../../domain/errors.js';

/** What counts in a profile's folder besides profile.yml; anything else (a README) is nobody's business. */
const PARTS = ['CLAUDE.md', 'system.md', '.mcp.json', '.claude'];
/** Names in `.claude` that belong to claude itself or are written by us. */
const NOT_A_PROFILES = new Set(['projects', 'mcp.json', '.claude.json', '.credentials.json']);
const MAX_BYTES = 10 * 1024 * 1024;

export interface ProfileFile {
  /** Real path, inside of the profile's folder. */
  readonly path: string;
  readonly executable: boolean;
}

/** What is looked at, and how it is called when something is wrong with it. */
export interface TreeRules {
  readonly what: 'profile' | 'package';
  readonly parts: readonly string[];
  readonly maxFiles: number;
}

const PROFILE_RULES: TreeRules = { what: 'profile', parts: PARTS, maxFiles: 2000 };

export interface ProfileTree {
  /** By path relative to the folder, with `/`: `.claude/agents/tester.md`. */
  readonly files: ReadonlyMap<string, ProfileFile>;
  readonly faults: readonly ErrorDetail[];
}

/** The files below `folder`, a real path. Links are followed inside of the folder only. */
export async function profileTree(
  folder: string,
  { what, parts, maxFiles }: TreeRules = PROFILE_RULES,
): Promise<ProfileTree> {
  const files = new Map<string, ProfileFile>();
  const faults: ErrorDetail[] = [];
  const fault = (relative: string, message: string): void => {
    faults.push({ path: join(folder, relative), message });
  };

  async function visit(relative: string, parents: readonly string[]): Promise<void> {
    if (files.size >= maxFiles) return;
    const real = await insideOf(folder, join(folder, relative));
    if (real === undefined)
      return fault(relative, `is a link out of the ${what}, or to nothing; copy the file instead`);
    const found = await stat(real);
    if (found.isDirectory()) {
      if (parents.includes(real)) return fault(relative, 'is a link to a folder that it lies in');
      for (const name of (await readdir(real)).sort()) {
        const child = `${relative}/${name}`;
        if (relative === '.claude' && NOT_A_PROFILES.has(name.toLowerCase())) {
          fault(child, `must not be in a ${what}: it belongs to claude`);
        } else await visit(child, [...parents, real]);
      }
    } else if (!found.isFile()) fault(relative, 'must be a plain file');
    else if (found.size > MAX_BYTES) fault(relative, 'must be a file of at most 10 MiB');
    else files.set(relative, { path: real, executable: (found.mode & 0o100) !== 0 });
  }

  for (const part of parts) if (await exists(join(folder, part))) await visit(part, [folder]);
  if (files.size >= maxFiles)
    fault(what === 'profile' ? '.claude' : '', `must have fewer than ${maxFiles} files`);
  return { files, faults };
}

/** The real path of `path` if that lies inside of `folder`. */
export async function insideOf(folder: string, path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  return real?.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? real : undefined;
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
