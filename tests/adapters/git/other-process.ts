// A second agenticore process for the tests, to be killed: it takes a lock, or opens a workspace, and waits.
import { createWorkspaces } from '../../../src/adapters/git/create-workspaces.js';
import { createRepositoryLocks } from '../../../src/adapters/git/repository-lock.js';
import { branchOf, NEVER } from './bench-room.js';

const say = (word: string): void => void process.stdout.write(`${word}\n`);
const [what = '', ...rest] = process.argv.slice(2);
setInterval(() => {}, 60_000); // until it is killed

if (what === 'lock') {
  const [path = ''] = rest;
  const locks = createRepositoryLocks(async () => {});
  await locks.hold(path, NEVER, async () => {
    say('held');
    await new Promise(() => {});
  });
} else {
  const [reposRoot = '', worktreeRoot = '', repoUrl = '', jobId = '', goOnFrom] = rest;
  const workspaces = createWorkspaces({
    reposRoot,
    worktreeRoot,
    allowedProtocols: ['file', 'http'],
    ...(repoUrl.startsWith('http') ? { allowedHosts: ['127.0.0.1'] } : {}),
  });
  say('opening');
  const earlier = goOnFrom === undefined ? {} : { goOnFrom: Number(goOnFrom) };
  const order = { jobId, repoUrl, branch: branchOf(jobId), attempt: 1, ...earlier };
  const bench = await workspaces.open(order, NEVER);
  say(bench.kept ? `kept ${bench.path}` : bench.path);
}
