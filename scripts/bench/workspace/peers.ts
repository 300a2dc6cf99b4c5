// What else one could do to give a job a place to work in, as commands of git.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitEnvironment } from '../../quickstart/git-environment.js';
import type { LargeRepository } from './large-repository.js';

const run = promisify(execFile);
const MAX_TRIES = 20;

/** A way to make places to work in. */
export interface Contender {
  readonly name: string;
  /** Makes a place for the job, at the newest commit of the remote. */
  open(jobId: string): Promise<void>;
  /** Removes the places that were opened. */
  clear(): Promise<void>;
}

/** The peers, each with what it keeps between jobs made beforehand. */
export async function preparePeers(
  folder: string,
  { url }: LargeRepository,
): Promise<{ readonly clone: Contender; readonly reference: Contender; readonly byHand: Contender }> {
  const [kept, trees] = [join(folder, 'kept.git'), join(folder, 'trees')];
  const env = gitEnvironment(folder);
  const git = (...args: readonly string[]): Promise<unknown> => run('git', args, { cwd: folder, env });
  await git('clone', '--quiet', '--bare', url, kept);
  await git('-C', kept, 'config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
  const place = (jobId: string): string => join(trees, jobId);
  const clear = (): Promise<void> => rm(trees, { recursive: true, force: true });
  let fetching: Promise<unknown> | undefined;
  return {
    clone: {
      name: 'git clone',
      open: async (jobId) => void (await git('clone', '--quiet', url, place(jobId))),
      clear,
    },
    reference: {
      name: 'git clone --reference',
      open: async (jobId) => void (await git('clone', '--quiet', '--reference', kept, url, place(jobId))),
      clear,
    },
    byHand: {
      name: 'git fetch, git worktree add',
      async open(jobId) {
        // Those who come at once share a fetch, as somebody who does it by hand would.
        fetching ??= git('-C', kept, 'fetch', '--quiet', '--prune', 'origin');
        await fetching;
        const add = ['worktree', 'add', '--quiet', '--no-track', '-B', jobId, place(jobId), 'origin/main'];
        // One that meets the half-written folder of another fails; by hand one would try again.
        for (let tries = 1; ; tries += 1) {
          try {
            await git('-C', kept, ...add);
            return;
          } catch (error) {
            if (tries === MAX_TRIES) throw error;
            await rm(place(jobId), { recursive: true, force: true });
          }
        }
      },
      async clear() {
        fetching = undefined;
        await clear();
        await git('-C', kept, 'worktree', 'prune');
      },
    },
  };
}
