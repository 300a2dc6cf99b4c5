// A second agenticore process for the tests, to be killed or stopped: it takes a lock, or opens a workspace, and waits.
import { createWorkspaces } from '../../../src/adapters/git/create-workspaces.js';
import { OWN_IDENTITY } from '../../../src/adapters/git/process-identity.js';
import { createRepositoryLocks } from '../../../src/adapters/git/repository-lock.js';
import { branchOf, NEVER } from './bench-room.js';

const say = (word: string): void => void process.stdout.write(`${word}\n`);
const [what = '', ...rest] = process.argv.slice(2);
setInterval(() => {}, 60_000); // until it is killed

if (what === 'lock') {
  const [path = '', settings = '{}'] = rest;
  const { host = OWN_IDENTITY.host, silentMs = 60_000 } = JSON.parse(settings);
  const locks = createRepositoryLocks(async () => {}, { identity: { ...OWN_IDENTITY, host }, silentMs });
  await locks.hold(path, NEVER, async ({ signal, confirm }) => {
    say('held');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await confirm().then(
      () => say('may write'),
      () => say('must not write'),
    );
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
