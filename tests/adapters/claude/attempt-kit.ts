// What the tests of the driver share: an order in a folder of its own, an agent on the real or the fake binary, and
// a look at the process table that owes nothing to the driver's own.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ClaudeAgentDeps, createClaudeAgent } from '../../../src/adapters/claude/agent.js';
import { locateClaude } from '../../../src/adapters/claude/start/locate-claude.js';
import type { Agent, AgentEnd, AgentMessage, AgentOrder } from '../../../src/ports/agent.js';
import { tempDir } from '../../support/temp-dir.js';

export const quiet = (): void => {};

/** An order whose directories are removed after the test; `overrides` win. */
export async function makeOrder(t: TestContext, overrides: Partial<AgentOrder> = {}): Promise<AgentOrder> {
  const directory = await tempDir(t);
  const cwd = join(directory, 'work');
  await mkdir(cwd);
  return {
    tag: `${randomUUID()}.1`,
    task: 'go',
    cwd,
    jobDir: join(directory, 'job'),
    sessionId: randomUUID(),
    flags: { 'permission-mode': 'bypassPermissions', tools: ['Bash', 'Read'] },
    appendSystemPrompt: 'You are being tested.',
    settingSources: 'user',
    env: {},
    timeoutMs: 60_000,
    ...overrides,
  };
}

/** The environment that points the real claude at a scripted model. */
export const modelEnvironment = (url: string): Record<string, string> => ({
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: 'dummy',
  CLAUDE_CODE_MAX_RETRIES: '1',
});

export function realAgent(options: Partial<ClaudeAgentDeps> = {}): Agent {
  const binary = locateClaude();
  if (binary === undefined) throw new Error('no bundled claude; run `npm ci` with optional dependencies');
  return createClaudeAgent({ binary, log: quiet, ...options });
}

/** An agent whose claude is tests/support/fake-claude.ts, misbehaving in `way`. */
export async function fakeAgent(
  t: TestContext,
  way: string,
  options: Partial<ClaudeAgentDeps> = {},
): Promise<Agent> {
  const binary = join(await tempDir(t), 'claude');
  const program = fileURLToPath(new URL('../../support/fake-claude.js', import.meta.url));
  await writeFile(binary, `#!/bin/sh\nexec '${process.execPath}' '${program}' ${way} "$@"\n`);
  await chmod(binary, 0o755);
  return createClaudeAgent({ binary, log: quiet, ...options });
}

export interface Recording {
  readonly messages: AgentMessage[];
  readonly pid: () => number;
  readonly end: Promise<AgentEnd>;
  readonly stop: () => void;
}

/** Starts an attempt and records what it says. */
export function record(
  agent: Agent,
  order: AgentOrder,
  onMessage?: (message: AgentMessage) => unknown,
): Recording {
  const messages: AgentMessage[] = [];
  const stop = new AbortController();
  let pid = 0;
  const listener = {
    started: (started: number) => {
      pid = started;
    },
    message: async (message: AgentMessage) => {
      messages.push(message);
      await onMessage?.(message);
    },
  };
  return { messages, pid: () => pid, end: agent.run(order, listener, stop.signal), stop: () => stop.abort() };
}

/** Pids of living processes whose command line contains the text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return command.includes(text) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

let sleeps = 0;
/** A duration for `sleep` that no other process on the machine has: finds its process again. */
export const uniqueSleep = (): string => {
  sleeps += 1;
  return `600.${process.pid}${String(sleeps).padStart(3, '0')}`;
};
