// Every git process of ours starts here: no shell, an environment built from nothing, no prompt, no hook, no helper
// that a repository could name, bounded output, a deadline, and its whole process group gone when the signal aborts.
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { RepoProtocol } from '../../domain/repo-url.js';
import { type Answerer, CHANNEL_CONFIG, CHANNEL_FD, serveChannel } from './credential-channel.js';

/** Which repository git works on. Given explicitly, so that nothing on disk decides it. */
export interface GitPlace {
  readonly gitDir: string;
  readonly commonDir?: string;
  readonly workTree?: string;
  readonly indexFile?: string;
}

export interface GitCall {
  readonly args: readonly string[];
  readonly place: GitPlace;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** `key=value` configuration for this call alone. */
  readonly config?: readonly string[];
  /** Who git may say we are, while this call runs, to the host of this address. */
  readonly identity?: { readonly url: string; readonly answerer: Answerer };
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Beyond this much standard output git is stopped and the result is marked as cut. */
  readonly maxBytes?: number;
}

export interface GitResult {
  /** Null when git was killed: by its deadline, by the limit on its output, or from outside. */
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  /** The last part of it. */
  readonly stderr: string;
  readonly cut: boolean;
  readonly timedOut: boolean;
}

export type RunGit = (call: GitCall) => Promise<GitResult>;

export interface GitSettings {
  /** An empty private directory: git finds no personal configuration there. */
  readonly home: string;
  readonly allowedProtocols: readonly RepoProtocol[];
  /** A redirect could lead away from the hosts that are allowed. */
  readonly followRedirects: boolean;
  /** What the server wants git to have: PATH, proxy variables. */
  readonly env: Readonly<Record<string, string>>;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin';
const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_BYTES = 64 * 1024;
/** Time for git to remove its own lock files before it is killed. */
const KILL_AFTER_MS = 2_000;
const SSH = 'ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15 -oServerAliveCountMax=4';

/** Wins over anything a configuration file says. Keys that run programs are switched off here as well. */
const CONFIG: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.askPass=',
  'core.pager=cat',
  'core.commitGraph=false',
  'credential.helper=',
  'safe.directory=*',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=60',
];

/** Makes the one function that runs git. It rejects with the signal's reason, or when git cannot be started. */
export function createRunGit(settings: GitSettings): RunGit {
  const base = baseEnvironment(settings);
  const config = [...CONFIG, `http.followRedirects=${settings.followRedirects ? 'initial' : 'false'}`];
  return (call) => {
    const env = {
      ...base,
      ...call.env,
      ...placeVariables(call.place),
      ...configVariables([...config, ...(call.config ?? []), ...(call.identity ? [CHANNEL_CONFIG] : [])]),
    };
    return start(call, env);
  };
}

function baseEnvironment({ home, allowedProtocols, env }: GitSettings): Record<string, string> {
  return {
    PATH: DEFAULT_PATH,
    ...env,
    HOME: home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_SSH_COMMAND: SSH,
    GIT_SSH_VARIANT: 'ssh',
    GIT_ALLOW_PROTOCOL: allowedProtocols.join(':') || 'none',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_EDITOR: 'false',
    GIT_PAGER: 'cat',
  };
}

function placeVariables({ gitDir, commonDir, workTree, indexFile }: GitPlace): Record<string, string> {
  return {
    GIT_DIR: gitDir,
    ...(commonDir === undefined ? {} : { GIT_COMMON_DIR: commonDir }),
    ...(workTree === undefined ? {} : { GIT_WORK_TREE: workTree }),
    ...(indexFile === undefined ? {} : { GIT_INDEX_FILE: indexFile }),
  };
}

function configVariables(config: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(config.length) };
  for (const [index, entry] of config.entries()) {
    const at = entry.indexOf('=');
    variables[`GIT_CONFIG_KEY_${index}`] = entry.slice(0, at);
    variables[`GIT_CONFIG_VALUE_${index}`] = entry.slice(at + 1);
  }
  return variables;
}

function start(call: GitCall, env: Record<string, string>): Promise<GitResult> {
  const { args, signal, input, identity, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = MAX_OUTPUT_BYTES } = call;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    // Detached: a process group of its own, so that its helpers (git-remote-https, ssh) go with it.
    const stdin = input === undefined ? 'ignore' : 'pipe';
    // What node calls a pipe is a socket pair: nobody can open it through /proc, as one could a real pipe.
    const channel = identity === undefined ? 'ignore' : 'pipe';
    const child = spawn('git', args, {
      cwd: '/',
      env,
      detached: true,
      stdio: [stdin, 'pipe', 'pipe', channel],
    });
    const socket = child.stdio[CHANNEL_FD];
    if (identity !== undefined && socket instanceof Duplex)
      serveChannel(socket, identity.url, identity.answerer);
    const { pid } = child;
    const stdout: Buffer[] = [];
    let bytes = 0;
    let stderr = Buffer.alloc(0);
    let cut = false;
    let timedOut = false;
    let killTimer: NodeJS.Timeout | undefined;

    const stop = (): void => {
      if (pid === undefined || killTimer !== undefined) return;
      signalGroup(pid, 'SIGTERM');
      killTimer = setTimeout(() => signalGroup(pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    const deadline = setTimeout(() => {
      timedOut = true;
      stop();
    }, timeoutMs);
    signal?.addEventListener('abort', stop, { once: true });
    const tidy = (): void => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', stop);
    };

    child.stdout?.on('data', (chunk: Buffer) => {
      if (cut) return;
      const room = maxBytes - bytes;
      stdout.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      bytes += Math.min(chunk.length, room);
      if (chunk.length > room) {
        cut = true;
        stop();
      }
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-MAX_STDERR_BYTES);
    });
    child.stdin?.on('error', () => {}); // git may end without reading it all
    child.stdin?.end(input);
    child.once('error', (error) => {
      tidy();
      reject(error);
    });
    child.once('close', (exitCode) => {
      tidy();
      if (signal?.aborted) return reject(signal.reason);
      resolve({ exitCode, stdout: Buffer.concat(stdout), stderr: stderr.toString(), cut, timedOut });
    });
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group ended meanwhile.
  }
}
