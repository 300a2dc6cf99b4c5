// Reads what each source file imports, as text: enough for the arrows, with no compiler involved.
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';

export interface Source {
  /** Path below src/, e.g. `app/submit-job.ts`. */
  readonly path: string;
  readonly text: string;
  /** Imported files of src/, as paths below it. */
  readonly files: readonly string[];
  /** Imported packages, `node:` built-ins included. */
  readonly packages: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/g;

/** Every TypeScript file below `root` (the src folder). */
export async function readSources(root: string): Promise<readonly Source[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return Promise.all(files.map((file) => readSource(root, join(file.parentPath, file.name))));
}

async function readSource(root: string, file: string): Promise<Source> {
  const text = await readFile(file, 'utf8');
  const specifiers = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  const local = specifiers.filter((specifier) => specifier.startsWith('.'));
  return {
    path: relative(root, file),
    text,
    files: local.map((specifier) =>
      normalize(join(dirname(relative(root, file)), specifier)).replace(/\.js$/, '.ts'),
    ),
    packages: specifiers.filter((specifier) => !specifier.startsWith('.')).map(packageOf),
  };
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
