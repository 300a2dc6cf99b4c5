// From the request to the first word of the answer: the model alone, claude started by a shell for each turn, and the
// agent in its three states.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { locateClaude } from '../../../src/adapters/claude/start/locate-claude.js';
import { readStream, sharedNow } from './openai-stream.js';

const QUESTION = 'How are you?';

/** Milliseconds until the model's own first word. */
export async function modelAlone(modelUrl: string): Promise<number> {
  const began = sharedNow();
  const response = await fetch(`${modelUrl}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': 'none-needed',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({
      model: 'claude-sonnet-5',
      max_tokens: 1000,
      stream: true,
      messages: [{ role: 'user', content: QUESTION }],
    }),
  });
  if (!response.ok || response.body === null) throw new Error(`the model answers ${response.status}`);
  let first = 0;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream()))
    if (first === 0 && chunk.includes('text_delta')) first = sharedNow() - began;
  return first;
}

/** Milliseconds until the first word of a `claude -p` that is started for this one turn. */
export async function claudePerTurn(modelUrl: string, folder: string): Promise<number> {
  const home = mkdtempSync(join(folder, 'shell-'));
  const args = ['-p', '--output-format=stream-json', '--verbose', '--include-partial-messages', QUESTION];
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, 'claude'),
    ANTHROPIC_API_KEY: 'none-needed',
    ANTHROPIC_BASE_URL: modelUrl,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    IS_SANDBOX: '1',
  };
  const began = sharedNow();
  const child = spawn(locateClaude() ?? 'claude', args, {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exit = once(child, 'exit');
  let first = 0;
  for await (const line of createInterface({ input: child.stdout }))
    if (first === 0 && line.includes('text_delta')) first = sharedNow() - began;
  await exit;
  rmSync(home, { recursive: true, force: true });
  return first;
}

/** Milliseconds until the first word of a turn of the agent, and what was said. */
export async function agentTurn(
  url: string,
  conversation: string,
  history: readonly object[],
): Promise<{ readonly first: number; readonly answer: string }> {
  const began = sharedNow();
  const messages = [...history, { role: 'user', content: QUESTION }];
  const arrivals = await readStream(url, messages, { 'x-conversation-id': conversation });
  const [first] = arrivals;
  if (first === undefined) throw new Error('the agent said nothing');
  return { first: first.at - began, answer: arrivals.map(({ text }) => text).join('') };
}

/** The history after a turn, as a client keeps it. */
export const heard = (history: readonly object[], answer: string): readonly object[] => [
  ...history,
  { role: 'user', content: QUESTION },
  { role: 'assistant', content: answer },
];
