// A claude that does nothing until it may go on: the task names the file that it waits for, and may name one that it
// writes before, with the names of the variables it was given. Obeys the driver.
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const result = (more: object): boolean =>
  say({ type: 'result', num_turns: 1, total_cost_usd: 0.01, usage: { output_tokens: 1 }, ...more });

let stopped = false;

async function work(task: string): Promise<void> {
  const file = /wait for (\S+)/.exec(task)?.[1] ?? '';
  const written = /write (\S+)/.exec(task)?.[1];
  say({ type: 'system', subtype: 'init', session_id: 'patient' });
  if (written !== undefined) writeFileSync(written, `${Object.keys(process.env).sort().join('\n')}\n`);
  while (!stopped && !existsSync(file)) await sleep(20);
  if (!stopped) result({ subtype: 'success', is_error: false, result: 'It may go on.' });
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === 'user') void work(JSON.stringify(message.message.content).replaceAll('"', ' '));
  if (message.type === 'control_request') {
    stopped = true;
    result({ subtype: 'error_during_execution', is_error: true, result: 'Interrupted.' });
  }
}
process.exit(0);
