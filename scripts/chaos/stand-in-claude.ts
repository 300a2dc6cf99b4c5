// A claude for volume: says a few things, changes the repository, takes a short time, and obeys the driver.
// argv: the driver's own arguments. What it does differs from start to start; what comes out is always one commit's worth.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_MS = 1200;
/** More than fits into a frame: kept aside whole. */
const LONG_TEXT = 'A long message. '.repeat(6000);

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const assistant = (text: string): boolean =>
  say({ type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text }] } });
const result = (more: object): boolean =>
  say({ type: 'result', num_turns: 1, total_cost_usd: 0.01, usage: { output_tokens: 1 }, ...more });

let stopped = false;

async function work(): Promise<void> {
  const span = Math.random() ** 2 * LONGEST_MS;
  say({ type: 'system', subtype: 'init', session_id: 'stand-in' });
  assistant('I begin.');
  for (let piece = 0; piece < 5; piece += 1) {
    const delta = { type: 'text_delta', text: `word ${piece} ` };
    say({ type: 'stream_event', event: { type: 'content_block_delta', index: 0, delta } });
    await sleep(span / 5);
  }
  if (Math.random() < 0.1) assistant(LONG_TEXT);
  if (stopped) return;
  writeFileSync('answer.txt', `${process.pid} ${Date.now()}\n`);
  if (Math.random() < 0.5) {
    execFileSync('git', ['add', '--all']);
    execFileSync('git', ['commit', '--quiet', '--message=Answer']);
  }
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
