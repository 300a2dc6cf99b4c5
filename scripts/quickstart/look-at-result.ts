// What came out of the job, seen with git alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gitEnvironment } from './git-environment.js';
import { say } from './say.js';

/** The proof for the sample: the branch on the remote, what it changes, and whether its test passes. */
export function proveResult(remote: string, folder: string): boolean {
  const env = gitEnvironment(folder);
  const git = (...args: string[]): string =>
    execFileSync('git', [`--git-dir=${remote}`, ...args], { env, encoding: 'utf8' });
  const branch = git('for-each-ref', '--format=%(refname:short)', 'refs/heads/agenticore-*').trim();
  if (branch === '') {
    say('The job succeeded without changing anything: no branch was pushed.');
    return false;
  }
  say(`On the remote, branch ${branch}:\n`);
  console.log((git('log', '--oneline', `main..${branch}`) + git('diff', 'main', branch)).trimEnd());
  const checkout = join(folder, 'result');
  execFileSync('git', ['clone', '--quiet', '--branch', branch, remote, checkout], { env });
  const test = spawnSync(process.execPath, ['--test'], { cwd: checkout, encoding: 'utf8', env });
  const passes = test.status === 0;
  say(`Its test, run on a fresh clone of that branch, ${passes ? 'passes' : 'still fails'}.`);
  return passes;
}

/** For a repository of one's own: how to see the branch, now that the server goes. */
export async function pointAtResult(url: string, repo: string): Promise<void> {
  const response = await fetch(`${url}/jobs?limit=1`);
  const { jobs } = (await response.json()) as { jobs: readonly { branch?: string }[] };
  const branch = jobs[0]?.branch;
  if (branch === undefined) say('The job succeeded without changing anything: no branch was pushed.');
  else if (existsSync(repo)) say('See the work with:', `git -C ${resolve(repo)} log -p -1 ${branch}`);
  else say('See the work with:', `git fetch ${repo} ${branch} && git log -p -1 FETCH_HEAD`);
}
