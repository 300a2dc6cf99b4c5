// A scripted model, and the words to talk to it with as a client of the Messages API.

import type { Script } from '../../../scripts/scripted-model/script.js';
import { type ScriptedModelOptions, startScriptedModel } from '../../../scripts/scripted-model/server.js';
import { at } from './lines.js';

export async function openModel(
  t: { after(done: () => Promise<void>): void },
  scripts: readonly Script[],
  options: Partial<ScriptedModelOptions> = {},
) {
  const model = await startScriptedModel({ scripts, ...options });
  t.after(() => model.close());
  const post = (body: unknown, headers: Record<string, string> = { 'x-api-key': 'dummy' }) =>
    fetch(`${model.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
  const ask = async (...messages: readonly unknown[]) => (await post(request(messages))).json();
  return { model, post, ask };
}

export const request = (messages: readonly unknown[], more: object = {}) => ({
  model: 'claude-test',
  max_tokens: 100,
  messages,
  ...more,
});
export const user = (...texts: readonly string[]) => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
});
export const assistant = (text: string) => ({ role: 'assistant', content: text });
export const called = (...ids: readonly string[]) => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'tool_use', id, name: 'Bash', input: {} })),
});
export const results = (...pairs: readonly (readonly [id: string, text: string])[]) => ({
  role: 'user',
  content: pairs.map(([id, text]) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: [{ type: 'text', text }],
  })),
});
export const said = (answer: unknown) => at(answer, 'content.0.text');
export const refused = (answer: unknown) => String(at(answer, 'error.message'));
