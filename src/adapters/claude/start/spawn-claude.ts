// Starts claude and gives its pipes names. Expected reasons why it cannot start become codes.
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AgenticoreError } from '../../../domain/errors.js';

export interface ClaudeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ClaudeProcess {
  readonly pid: number;
  readonly stdout: Readable;
  readonly exited: Promise<ClaudeExit>;
  /** Writes these lines at once; lost on a claude that has left. */
  say(...lines: readonly object[]): void;
  /** Says something as the user. */
  ask(text: string): void;
  /** Asks claude to stop what it is doing; it stays up. */
  interrupt(): void;
  /** Lets claude finish and leave. */
  endInput(): void;
  kill(signal: NodeJS.Signals): void;
  /** The last of what it wrote to stderr. */
  lastWords(): string;
}

export interface ClaudeCommand {
  readonly binary: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const STDERR_KEPT_CHARS = 8192;

/** Resolves when the process runs. Throws CLAUDE_NOT_FOUND, WORKSPACE_FAILED, BROKEN_PROFILE or CLAUDE_CRASHED. */
export async function spawnClaude({ binary, argv, cwd, env }: ClaudeCommand): Promise<ClaudeProcess> {
  // Otherwise a missing directory would be reported as a missing binary.
  await access(cwd).catch(() => {
    throw new AgenticoreError('WORKSPACE_FAILED', `The working directory ${cwd} does not exist.`);
  });
  // A session of its own: Ctrl-C in the terminal of a worker is the worker's to answer, by draining, not claude's.
  const child = startProcess(() => spawn(binary, argv, { cwd, env, detached: true, stdio: 'pipe' }));
  const exited = new Promise<ClaudeExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT_CHARS);
  });
  // A claude that has left does not listen; its exit tells.
  child.stdin.on('error', () => {});
  child.stderr.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(explain(error)));
  });
  // After the start an error is a signal that could not be sent; the process table decides what lives.
  child.on('error', () => {});
  const { pid = 0 } = child;
  const say = (...lines: readonly object[]): void => {
    if (child.stdin.writable) child.stdin.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  };
  return {
    pid,
    stdout: child.stdout,
    exited,
    say,
    // What begins with `/` would be a command to claude instead of text; a newline in front is harmless to both.
    ask: (text) => say({ type: 'user', message: { role: 'user', content: `\n${text}` } }),
    interrupt: () => say({ type: 'control_request', request_id: 'stop', request: { subtype: 'interrupt' } }),
    endInput: () => child.stdin.end(),
    kill: (signal) => child.kill(signal),
    lastWords: () => stderr.trim(),
  };
}

function startProcess<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException);
  }
}

function explain(error: NodeJS.ErrnoException): AgenticoreError {
  const more = { cause: error };
  switch (error.code) {
    case 'ENOENT':
    case 'EACCES':
    case 'ENOEXEC':
    case 'ENOTDIR':
      return new AgenticoreError('CLAUDE_NOT_FOUND', undefined, more);
    case 'E2BIG':
    case 'ERR_INVALID_ARG_VALUE':
      return new AgenticoreError(
        'BROKEN_PROFILE',
        `A flag or variable of the profile cannot be passed to claude: ${error.message}`,
        more,
      );
    default:
      return new AgenticoreError('CLAUDE_CRASHED', `claude could not be started: ${error.message}`, more);
  }
}
