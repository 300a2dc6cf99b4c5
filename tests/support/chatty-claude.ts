// A claude that can be talked to as long as one likes, for what the real one cannot be made to do. The first argument
// is a file in which each start leaves a line, the second names its way; what it is asked is obeyed.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [log = '', way = '', ...argv] = process.argv.slice(2);
const session = argv.find((option) => option.startsWith('--session-id='))?.slice('--session-id='.length);

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const state = (name: string): boolean =>
  say({ type: 'system', subtype: 'session_state_changed', state: name });
const result = (more: object): boolean =>
  say({
    ...{ type: 'result', subtype: 'success', is_error: false, num_turns: 1, session_id: session },
    ...{ total_cost_usd: 0.5, usage: {} },
    ...more,
  });

async function answer(text: string): Promise<void> {
  state('running');
  say({ type: 'assistant', message: { content: [{ type: 'text', text }] } });
  if (text.includes('wait for ever')) return;
  result({ result: text });
  state('idle');
  if (text.includes('then mutter')) say({ type: 'system', subtype: 'status', status: null });
  if (text.includes('then speak')) {
    await sleep(20);
    await answer('Something has ended in the background.');
  }
  if (text.includes('then go on')) await answer('I have an afterthought.');
  if (text.includes('then leave')) process.exit(0);
}

appendFileSync(log, `${process.pid}\n`);
if (way === 'dies') process.exit(3);
if (way === 'clings') for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
for await (const line of createInterface({ input: process.stdin })) {
  const { type, message, shouldQuery, request_id, request } = JSON.parse(line);
  if (type === 'control_request' && way !== 'mute') {
    const refuses = way === 'refuses' && request.subtype === 'initialize';
    const response = { subtype: refuses ? 'error' : 'success', request_id, error: 'no' };
    say({ type: 'control_response', response });
    if (request.subtype === 'interrupt' && way !== 'clings')
      result({ subtype: 'error_during_execution', is_error: true });
  }
  if (type === 'user' && shouldQuery === false) result({ num_turns: 0, result: '' });
  else if (type === 'user') void answer(JSON.stringify(message.content));
}
if (way === 'clings') await new Promise(() => setInterval(() => {}, 60_000));
