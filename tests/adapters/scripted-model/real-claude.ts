// The real Claude Code CLI, held open against a scripted model, so that a test can talk to it turn by turn. It is driven
// without the adapter on purpose: these tests say what the CLI and the scripted model do, the adapter's what we do.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRecord } from '../../../scripts/scripted-model/request.js';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { type ScriptedModel, startScriptedModel } from '../../../scripts/scripted-model/server.js';
import { eventually } from '../../support/eventually.js';
import { tempDir } from '../../support/temp-dir.js';

export type Line = Readonly<Record<string, unknown>>;

export type RealClaude = {
  readonly model: ScriptedModel;
  readonly cwd: string;
  readonly child: ChildProcess;
  /** Every line said so far. */
  readonly lines: readonly Line[];
  /** Everything written to stderr so far. */
  stderr(): string;
  send(line: Line): void;
  /** Says something and resolves with the lines of the turn, the last being its result. */
  turn(text: string): Promise<readonly Line[]>;
  /** Closes stdin and resolves with the exit code. */
  end(): Promise<number | null>;
};

export type RealClaudeOptions = {
  readonly scripts: readonly Script[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly key?: 'api-key' | 'oauth';
  /** How long the reader of stdout rests after each chunk; not at all when absent. */
  readonly readPauseMs?: number;
  /** Called before the start, to put files into the working directory. */
  readonly prepare?: (cwd: string) => Promise<void>;
};

type Scope = { after(done: () => Promise<void>): void };

const timeLimitMs = 30_000;

/** Starts a model and a CLI in a folder of their own; both are gone when the test is over. */
export async function openClaude(t: Scope, options: RealClaudeOptions): Promise<RealClaude> {
  const home = await tempDir(t);
  const cwd = join(home, 'project');
  await mkdir(cwd);
  await options.prepare?.(cwd);
  const model = await startScriptedModel({ scripts: options.scripts, pace: 'instant' });
  t.after(() => model.close());

  const child = spawn(findBinary(), [...baseArgs, ...(options.args ?? [])], {
    cwd,
    env: { ...environment(home, model.url, options.key ?? 'api-key'), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  child.stdin.on('error', () => {}); // it may have died; its exit code says so
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const lines: Line[] = [];
  const read = readLines(child.stdout, lines, options.readPauseMs ?? 0);

  const send = (line: Line): void => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
  };
  return {
    model,
    cwd,
    child,
    lines,
    stderr: () => stderr,
    send,
    async turn(text) {
      const from = lines.length;
      send(userMessage(text));
      const isOver = () => child.exitCode !== null || child.signalCode !== null;
      await eventually('a result', () => hasResult(lines, from) || isOver(), timeLimitMs);
      if (isOver()) await read;
      const at = lines.findIndex((line, index) => index >= from && line.type === 'result');
      assert.notEqual(at, -1, `the CLI ended with ${child.exitCode} and without a result: ${stderr}`);
      return lines.slice(from, at + 1);
    },
    async end() {
      child.stdin.end();
      await read;
      return exited;
    },
  };
}

function userMessage(text: string): Line {
  return { type: 'user', message: { role: 'user', content: text } };
}

const baseArgs = [
  '-p',
  ...['--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose'],
  '--include-partial-messages',
  ...['--permission-mode', 'bypassPermissions', '--setting-sources', 'user', '--strict-mcp-config'],
];

function environment(home: string, url: string, key: 'api-key' | 'oauth'): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, 'config'),
    CLAUDE_CODE_TMPDIR: home,
    IS_SANDBOX: '1',
    ANTHROPIC_BASE_URL: url,
    ...(key === 'oauth' ? { CLAUDE_CODE_OAUTH_TOKEN: 'dummy' } : { ANTHROPIC_API_KEY: 'dummy' }),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
  };
}

async function readLines(stdout: Readable, lines: Line[], pauseMs: number): Promise<void> {
  let rest = '';
  for await (const chunk of stdout.setEncoding('utf8')) {
    const whole = `${rest}${chunk}`.split('\n');
    rest = whole.pop() ?? '';
    for (const text of whole) {
      const line: unknown = JSON.parse(text);
      if (isRecord(line)) lines.push(line);
    }
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

function hasResult(lines: readonly Line[], from: number): boolean {
  return lines.slice(from).some((line) => line.type === 'result');
}

function findBinary(): string {
  let root = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  return join(root, `node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`);
}
