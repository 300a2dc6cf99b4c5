// Starts one of the small programs in children/, and makes sure that none outlives its test.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly process: ChildProcess;
  /** Everything it said so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it is gone and all it said has been read. */
  readonly gone: Promise<{ readonly code: number | null }>;
}

/** Runs children/<name> with node, behind `limit` (a shell command such as `ulimit`) when given. */
export function runChild(
  t: { after(done: () => void): void },
  name: string,
  args: readonly string[],
  limit?: string,
): Child {
  const program = [process.execPath, fileURLToPath(new URL(`children/${name}.js`, import.meta.url)), ...args];
  const [file = '', ...rest] =
    limit === undefined ? program : ['sh', '-c', `${limit}; exec "$@"`, 'sh', ...program];
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  const gone = new Promise<{ code: number | null }>((resolve) => {
    child.on('close', (code) => resolve({ code }));
  });
  t.after(() => void child.kill('SIGKILL'));
  return { process: child, stdout: () => stdout, stderr: () => stderr, gone };
}
