// `agenticore run --follow`, as a person would type it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { say } from './say.js';

/** Resolves with its exit code. In a session of its own, so that Ctrl-C reaches us alone: with us the job ends too. */
export async function followJob(
  door: string,
  url: string,
  repo: string,
  task: string,
  signal: AbortSignal,
): Promise<number> {
  say(`agenticore run ${JSON.stringify(task)} \\`, `    --repo ${repo} \\`, '    --profile code --follow\n');
  const args = ['run', '--repo', repo, '--profile', 'code', '--follow', '--url', url, '--', task];
  const cli = spawn(process.execPath, [door, ...args], { stdio: 'inherit', detached: true });
  const onResize = (): void => void cli.kill('SIGWINCH');
  const onAbort = (): void => void cli.kill('SIGTERM');
  process.on('SIGWINCH', onResize);
  signal.addEventListener('abort', onAbort, { once: true });
  const [code] = (await once(cli, 'exit')) as [number | null];
  process.off('SIGWINCH', onResize);
  signal.removeEventListener('abort', onAbort);
  return code ?? 1;
}
