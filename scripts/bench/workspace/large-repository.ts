// A repository as large as a grown product's, the same at every run: what is cloned, fetched and checked out in the
// benchmark of workspaces.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRandom, type Random } from '../../chaos/random.js';
import { gitEnvironment } from '../../quickstart/git-environment.js';

export const FILES = 12_000;
export const COMMITS = 5_200;

const FOLDERS = 400;
const LINES = { least: 20, most: 120 };
const CHANGED_FILES = { least: 1, most: 4 };
const BEGAN = 1_600_000_000;

export interface LargeRepository {
  readonly path: string;
  readonly url: string;
  /** One more commit on `main`. */
  commit(): void;
}

/** Makes the bare repository in `folder`, packed as a code host packs it; takes some seconds. */
export function makeLargeRepository(folder: string): LargeRepository {
  const path = join(folder, 'large.git');
  const env = gitEnvironment(folder);
  const git = (args: readonly string[], input?: string): void =>
    void execFileSync('git', args, { cwd: path, env, input, stdio: 'pipe', maxBuffer: 2 ** 28 });
  mkdirSync(path);
  git(['init', '--quiet', '--bare', '--initial-branch=main']);
  const history = createHistory(createRandom(1));
  git(['fast-import', '--quiet'], [...Array(COMMITS)].map(() => history.next()).join(''));
  git(['repack', '-a', '-d', '--quiet']);
  git(['config', 'uploadpack.allowFilter', 'true']);
  return {
    path,
    url: pathToFileURL(path).href,
    commit: () => git(['fast-import', '--quiet', '--force'], history.next()),
  };
}

/** Commits as `git fast-import` reads them, each on top of the last; the first brings all files. */
function createHistory(random: Random): { next(): string } {
  const lines = Array.from({ length: 5_000 }, () => sentence(random));
  const anyLine = (): string => lines[random.between(0, lines.length - 1)] ?? '';
  const file = (): string[] => Array.from({ length: random.between(LINES.least, LINES.most) }, anyLine);
  const files = Array.from({ length: FILES }, file);
  let commits = 0;
  const change = (): readonly number[] => {
    if (commits === 0) return [...files.keys()];
    const count = random.between(CHANGED_FILES.least, CHANGED_FILES.most);
    const numbers = new Set(Array.from({ length: count }, () => random.between(0, FILES - 1)));
    for (const number of numbers) files[number]?.splice(random.between(0, LINES.least - 1), 1, anyLine());
    return [...numbers];
  };
  return {
    next() {
      const written = change().map(
        (number) => `M 100644 inline ${pathOf(number)}\n${data((files[number] ?? []).join(''))}`,
      );
      // Within one import each commit follows the last by itself.
      const from = commits < COMMITS ? '' : 'from refs/heads/main^0\n';
      const head = `commit refs/heads/main\ncommitter Sample <sample@localhost> ${BEGAN + commits * 3600} +0000\n`;
      commits += 1;
      return `${head}${data(`Change ${commits}\n`)}${from}${written.join('')}\n`;
    },
  };
}

const pathOf = (number: number): string => `src/part${number % FOLDERS}/module${number}.ts`;

/** ASCII only: fast-import counts bytes. */
const data = (text: string): string => `data ${text.length}\n${text}\n`;

function sentence(random: Random): string {
  const word = (): string => random.between(36, 36 ** 6).toString(36);
  return `${Array.from({ length: random.between(2, 9) }, word).join(' ')}\n`;
}
