// A package, or a hub of them, in a git repository: one commit of it is fetched, without history, into a folder that is
// gone again when it has been read.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import { normaliseRepoUrl, type RepoProtocol } from '../../domain/repo-url.js';
import type { Credentials } from '../../ports/credentials.js';
import type { FetchedPackage, PackageSource } from '../../ports/package-source.js';
import { localFailure, remoteFailure } from './failure.js';
import { createRunGit, type GitCall, type GitPlace, type GitResult } from './run-git.js';
import { showCredential } from './show-credential.js';
import { splitCredentials } from './split-credentials.js';

export interface GitPackageOptions {
  /** May hold `user:password@`: that goes to git apart, and nowhere else. */
  readonly url: string;
  /** Branch or tag; undefined: the remote's own branch. */
  readonly ref?: string;
  /** Where fetched commits lie for a moment. */
  readonly scratchDir: string;
  readonly allowedProtocols: readonly RepoProtocol[];
  /** What git needs of the server's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Who we are to hosts, where the address does not say. */
  readonly credentials?: Credentials;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;
const FETCHED = 'refs/agenticore/package';
const PREFIX = 'fetch-';
/** Nobody reads a fetched commit for so long: a process that was killed left it. */
const LEFT_BEHIND_MS = 60 * 60_000;

/** The source that is this repository. Throws REPO_URL_REFUSED for an address that git must not see. */
export function createGitPackageSource(options: GitPackageOptions): PackageSource {
  const { ref, scratchDir, allowedProtocols, env, timeoutMs = TIMEOUT_MS } = options;
  const { url, credentials = options.credentials } = splitCredentials(options.url);
  assertProtocol(url, allowedProtocols);
  const git = createRunGit({ home: join(scratchDir, '.home'), allowedProtocols, followRedirects: true, env });
  const askRemote = (call: GitCall): Promise<GitResult> => showCredential(git, credentials, url, call);
  const place = `${url}${ref === undefined ? '' : ` (${ref})`}`;

  /** What the remote has there: the full name of the ref, and its commit. */
  async function look(
    at: GitPlace,
    signal: AbortSignal,
  ): Promise<{ readonly name: string; readonly oid: string }> {
    const names = ref === undefined ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    const args = ['ls-remote', '--quiet', '--', url, ...names];
    const result = await askRemote({ args, place: at, signal, timeoutMs });
    if (result.exitCode !== 0) throw remoteFailure(result);
    const found = new Map(
      result.stdout
        .toString()
        .split('\n')
        .map((line): [string, string] => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? '']),
    );
    for (const name of names) {
      const oid = found.get(name);
      if (oid !== undefined) return { name, oid };
    }
    const what = ref === undefined ? 'is empty' : `has no branch or tag ${JSON.stringify(ref)}`;
    throw new AgenticoreError('BASE_REF_NOT_FOUND', `The repository ${url} ${what}.`);
  }

  async function checkOut(folder: string, known: string | undefined, signal: AbortSignal) {
    const gitDir = join(folder, 'repository.git');
    const tree = join(folder, 'tree');
    const at: GitPlace = { gitDir };
    const done = (result: GitResult, doing: string): void => {
      if (result.exitCode !== 0) throw localFailure(doing, result);
    };
    await mkdir(tree, { mode: 0o700 });
    done(
      await git({ args: ['init', '--quiet', '--bare', '--template='], place: at, signal }),
      'begin a repository',
    );
    const { name, oid } = await look(at, signal);
    if (oid === known) return undefined;
    const how = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
    const args = ['fetch', ...how, '--', url, `+${name}:${FETCHED}`];
    const fetched = await askRemote({ args, place: at, signal, timeoutMs });
    if (fetched.exitCode !== 0) throw remoteFailure(fetched);
    const reset = ['reset', '--hard', '--quiet', FETCHED, '--'];
    done(
      await git({ args: reset, place: { gitDir, workTree: tree }, signal, timeoutMs }),
      'check out the package',
    );
    return { directory: tree, revision: oid };
  }

  return {
    place,
    async fetch(known, signal): Promise<FetchedPackage | undefined> {
      await mkdir(join(scratchDir, '.home'), { recursive: true, mode: 0o700 });
      await removeLeftBehind(scratchDir);
      const folder = join(scratchDir, `${PREFIX}${randomUUID()}`);
      const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      try {
        const found = await checkOut(folder, known, signal);
        if (found !== undefined) return { ...found, shownAs: '', name: nameIn(url), close };
      } catch (error) {
        await close();
        throw error;
      }
      await close();
      return undefined;
    },
  };
}

function assertProtocol(url: string, allowed: readonly RepoProtocol[]): void {
  const protocol = normaliseRepoUrl(url).split(':', 1)[0];
  if (allowed.some((one) => one === protocol)) return;
  const message = `The address of the repository is not allowed: ${protocol}: is none of ${allowed.join(', ')}.`;
  throw new AgenticoreError('REPO_URL_REFUSED', message);
}

const nameIn = (url: string): string | undefined => /([^/:]+?)(\.git)?\/?$/.exec(url)?.[1];

async function removeLeftBehind(scratchDir: string): Promise<void> {
  for (const name of (await readdir(scratchDir)).filter((one) => one.startsWith(PREFIX))) {
    const path = join(scratchDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs >= LEFT_BEHIND_MS)
      await rm(path, { recursive: true, force: true });
  }
}
