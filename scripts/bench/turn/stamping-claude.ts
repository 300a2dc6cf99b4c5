// A claude that writes into each word when it said it, by a clock that all processes of the machine share: what lies
// between its line and the reader's socket can be read off there. Answers the driver as the real one does.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const WORDS = 100;
const PACE_MS = 5;
const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const event = (content: object): boolean =>
  say({ type: 'stream_event', event: content, parent_tool_use_id: null, session_id: 'stamping' });
const now = (): number => performance.timeOrigin + performance.now();

if (process.argv.includes('--version')) {
  process.stdout.write('2.1.197 (Claude Code)\n');
  process.exit(0);
}

async function answer(): Promise<void> {
  say({ type: 'system', subtype: 'init', session_id: 'stamping' });
  event({ type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [], usage: {} } });
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  let text = '';
  for (let word = 0; word < WORDS; word += 1) {
    await sleep(PACE_MS);
    const stamp = `${now().toFixed(3)} `;
    text += stamp;
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: stamp } });
  }
  say({
    type: 'assistant',
    message: { id: 'msg_1', role: 'assistant', content: [{ type: 'text', text }] },
    parent_tool_use_id: null,
  });
  event({ type: 'content_block_stop', index: 0 });
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: {} });
  event({ type: 'message_stop' });
  const cost = { num_turns: 1, total_cost_usd: 0, usage: {} };
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    stop_reason: 'end_turn',
    result: text,
    ...cost,
  });
  say({ type: 'system', subtype: 'session_state_changed', state: 'idle' });
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === 'user') await answer();
  if (message.type === 'control_request') {
    const response = { subtype: 'success', request_id: message.request_id, response: {} };
    say({ type: 'control_response', response });
  }
}
