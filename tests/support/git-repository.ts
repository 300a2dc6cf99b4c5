// Sample repositories on disk for tests: bare remotes with commits in them, and plain git to look at the outcome.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Path -> content; null removes the file; `{ link }` makes a symbolic link. */
export type SampleFiles = Readonly<Record<string, string | Uint8Array | null | { readonly link: string }>>;

export interface SampleRemote {
  readonly path: string;
  /** `file://` address. */
  readonly url: string;
  /** Runs git in the bare repository; returns its output without the last line break. Throws when git fails. */
  git(...args: readonly string[]): string;
  /** Commits on top of a branch (default `main`), which is created when it does not exist; returns the commit's id. */
  commit(
    files: SampleFiles,
    options?: { readonly branch?: string; readonly message?: string; readonly from?: string },
  ): string;
  /** Commit of a branch or other ref; undefined when there is none. */
  tip(ref: string): string | undefined;
  /** A file's content at a ref. Throws when there is none. */
  show(ref: string, path: string): string;
}

/** The environment of git in tests: nobody's configuration, a fixed identity. */
export const GIT_ENV: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Sample',
  GIT_AUTHOR_EMAIL: 'sample@example.com',
  GIT_COMMITTER_NAME: 'Sample',
  GIT_COMMITTER_EMAIL: 'sample@example.com',
};

const MAX_OUTPUT = 256 * 1024 * 1024;

/** Runs git in a directory as a person would; returns its output without the last line break. Throws when it fails. */
export function gitIn(cwd: string, ...args: readonly string[]): string {
  const options = { cwd, env: GIT_ENV, encoding: 'utf8', stdio: 'pipe', maxBuffer: MAX_OUTPUT } as const;
  return execFileSync('git', args, options).replace(/\n$/, '');
}

/** Makes a bare repository `<directory>/<name>.git` whose default branch is `main`; empty when no files are given. */
export function createSampleRemote(directory: string, name = 'sample', files?: SampleFiles): SampleRemote {
  const path = join(directory, `${name}.git`);
  mkdirSync(path, { recursive: true });
  gitIn(path, 'init', '--quiet', '--bare', '--initial-branch=main');
  appendFileSync(
    join(path, 'config'),
    // Large files of tests are random: nothing is gained by looking for what they have in common.
    '[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n[core]\n\tbigFileThreshold = 1m\n',
  );
  const remote: SampleRemote = {
    path,
    url: pathToFileURL(path).href,
    git: (...args) => gitIn(path, ...args),
    commit(changes, { branch = 'main', message = 'Change the sample', from } = {}) {
      const parent = remote.tip(from ?? `refs/heads/${branch}`);
      fastImport(path, commitStream(changes, branch, message, parent));
      return remote.git('rev-parse', `refs/heads/${branch}`);
    },
    tip(ref) {
      const args = ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`];
      const { status, stdout } = spawnSync('git', args, { cwd: path, env: GIT_ENV, encoding: 'utf8' });
      return status === 0 ? stdout.trim() : undefined;
    },
    show: (ref, file) => remote.git('show', `${ref}:${file}`),
  };
  if (files !== undefined) remote.commit(files, { message: 'Begin the sample' });
  return remote;
}

function fastImport(path: string, stream: Buffer): void {
  execFileSync('git', ['fast-import', '--quiet', '--force'], {
    cwd: path,
    env: GIT_ENV,
    input: stream,
    stdio: 'pipe',
  });
}

function commitStream(
  changes: SampleFiles,
  branch: string,
  message: string,
  parent: string | undefined,
): Buffer {
  const parts: Buffer[] = [];
  const line = (text: string): void => void parts.push(Buffer.from(`${text}\n`));
  const data = (content: Uint8Array): void =>
    void parts.push(Buffer.from(`data ${content.length}\n`), Buffer.from(content), Buffer.from('\n'));
  line(`commit refs/heads/${branch}`);
  line(`committer Sample <sample@example.com> ${Math.floor(Date.now() / 1000)} +0000`);
  data(Buffer.from(message));
  if (parent !== undefined) line(`from ${parent}`);
  for (const [file, content] of Object.entries(changes)) {
    const quoted = `"${file.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
    if (content === null) line(`D ${quoted}`);
    else if (typeof content === 'string' || content instanceof Uint8Array) {
      line(`M 100644 inline ${quoted}`);
      data(Buffer.from(content));
    } else {
      line(`M 120000 inline ${quoted}`);
      data(Buffer.from(content.link));
    }
  }
  return Buffer.concat(parts);
}
