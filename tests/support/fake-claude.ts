// A claude that misbehaves in ways the real one cannot be made to. The first argument names the way; the driver's
// own arguments follow. Anything it says before that is what a well-behaved claude would say.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
const result = (more: object): boolean =>
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: 1,
    total_cost_usd: 0.5,
    usage: {},
    ...more,
  });
const forEver = (): Promise<never> => new Promise(() => setInterval(() => {}, 60_000));

/** Resolves with the first line of stdin. */
async function firstLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

/** Writes a line of `megabytes` MB and waits until the reader has taken it. */
async function sayLong(megabytes: number): Promise<void> {
  process.stdout.write('{"type":"user","message":{"content":"');
  const part = 'x'.repeat(1024 * 1024);
  for (let written = 0; written < megabytes; written++)
    if (!process.stdout.write(part)) await once(process.stdout, 'drain');
  process.stdout.write('"}}\n');
}

const ways: Record<string, () => Promise<void>> = {
  async echo() {
    result({ result: JSON.parse(await firstLine()).message.content });
  },
  async environment() {
    result({ result: JSON.stringify(process.env) });
  },
  async 'long-line'() {
    await sayLong(Number(process.argv[3]));
    result({ result: 'long' });
    await firstLine();
  },
  async garbage() {
    process.stdout.write('not json\n\n[1,2]\n{"half":\n"a string"\n{"type":7}\nsome \u0000 bytes \u00ff\n');
    say({ type: 'something_new', value: 1 });
    result({ result: 'fine' });
    process.stdout.write('{"type":"unfini');
  },
  async flood() {
    ignoreSignals();
    for (;;) if (!say({ type: 'flood', text: 'y'.repeat(1000) })) await once(process.stdout, 'drain');
  },
  async stubborn() {
    ignoreSignals();
    process.stdin.on('data', () => {});
    say({ type: 'system', subtype: 'init' });
    await forEver();
  },
  async 'error-with-exit-0'() {
    say({ type: 'assistant', error: 'unknown', message: { content: [] } });
    result({ is_error: true, api_error_status: 418, result: 'I am a teapot' });
    process.exit(0);
  },
  async 'success-then-143'() {
    result({ result: 'shutting down' });
    setTimeout(() => process.exit(143), 50);
  },
  async crash() {
    process.stderr.write('Segmentation of the fault\n');
    process.exit(3);
  },
  async 'out-of-memory'() {
    say({ type: 'system', subtype: 'init' });
    process.kill(process.pid, 'SIGKILL');
    await forEver();
  },
  async silent() {
    await forEver();
  },
  async 'silent-during-a-tool'() {
    say({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 't1', name: 'Bash' }] } });
    await sleep(4500);
    say({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't1' }] } });
    result({ result: 'it took a while' });
  },
  async 'retrying-for-ever'() {
    for (let attempt = 1; ; attempt++) {
      say({ type: 'system', subtype: 'api_retry', attempt, error: 'unknown', error_status: null });
      await sleep(50);
    }
  },
  async 'stays-after-its-result'() {
    ignoreSignals();
    result({ result: 'done' });
    await forEver();
  },
  async 'server-in-the-background'() {
    say({ type: 'system', subtype: 'session_state_changed', state: 'running' });
    say({ type: 'system', subtype: 'task_started', task_id: 'b1', task_type: 'local_bash' });
    result({ result: 'the server runs' });
    say({ type: 'system', subtype: 'session_state_changed', state: 'idle' });
    process.stdin.on('end', () => process.exit(0)).resume();
    await forEver();
  },
  async 'two-turns'() {
    const usage = { input_tokens: 10, cache: { hits: 1 }, speed: 'standard' };
    say({ type: 'system', subtype: 'session_state_changed', state: 'running' });
    say({ type: 'system', subtype: 'task_started', task_id: 'b1', task_type: 'local_agent' });
    result({ result: 'first', num_turns: 2, total_cost_usd: 1, usage });
    say({ type: 'system', subtype: 'session_state_changed', state: 'idle' });
    await sleep(200);
    say({ type: 'system', subtype: 'session_state_changed', state: 'running' });
    say({ type: 'system', subtype: 'task_notification', task_id: 'b1' });
    await sleep(200);
    say({ type: 'assistant', message: { content: [] } });
    result({ result: 'second', num_turns: 3, total_cost_usd: 1.5, usage });
    say({ type: 'system', subtype: 'session_state_changed', state: 'idle' });
    process.stdin.on('end', () => process.exit(0)).resume();
    await forEver();
  },
};

function ignoreSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
}

await ways[process.argv[2] ?? '']?.();
