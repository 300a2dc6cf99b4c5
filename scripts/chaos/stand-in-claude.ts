// A claude for volume: says a few things, changes the repository, takes a short time, and obeys the driver.
// argv: the driver's own arguments. What it does differs from start to start; what comes out is always one commit's worth.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const SHORT_MS = 1200;
/** Some outlive the lease of a worker that is frozen, and work on while another has the job. */
const LONG_MS = 7000;
/** More than fits into a frame: kept aside whole. */
const LONG_TEXT = 'A long message. '.repeat(6000);

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const assistant = (text: string): boolean =>
  say({ type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text }] } });
const result = (more: object): boolean =>
  say({ type: 'result', num_turns: 1, total_cost_usd: 0.01, usage: { output_tokens: 1 }, ...more });

/** A session file, so that an attempt that is cut short can be gone on with: with the id it was told, or as the one it resumes. */
function keepSession(): void {
  const id = process.argv.find((arg) => arg.startsWith('--session-id='))?.slice('--session-id='.length);
  const { CLAUDE_CONFIG_DIR: configDir } = process.env;
  if (id === undefined || configDir === undefined) return;
  const folder = join(configDir, 'projects', 'stand-in');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${id}.jsonl`), '{}\n');
}

/** Whoever resumes finds the work done already: then there is nothing to commit. */
function commit(): void {
  spawnSync('git', ['add', '--all']);
  spawnSync('git', ['commit', '--quiet', '--message=Answer']);
}

let stopped = false;

async function work(): Promise<void> {
  keepSession();
  const span = Math.random() < 0.1 ? Math.random() * LONG_MS : Math.random() ** 2 * SHORT_MS;
  say({ type: 'system', subtype: 'init', session_id: 'stand-in' });
  assistant('I begin.');
  for (let piece = 0; piece < 5; piece += 1) {
    const delta = { type: 'text_delta', text: `word ${piece} ` };
    say({ type: 'stream_event', event: { type: 'content_block_delta', index: 0, delta } });
    await sleep(span / 5);
  }
  if (Math.random() < 0.1) assistant(LONG_TEXT);
  if (stopped) return;
  writeFileSync('answer.txt', 'The answer.\n');
  if (Math.random() < 0.5) commit();
  assistant('Done.');
  result({ subtype: 'success', is_error: false, result: 'Done.' });
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === 'user') void work();
  if (message.type === 'control_request') {
    stopped = true;
    result({ subtype: 'error_during_execution', is_error: true, result: 'Interrupted.' });
  }
}
process.exit(0);
