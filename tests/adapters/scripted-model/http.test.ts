// The scripted model as any client of the Messages API meets it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { type ScriptedModelOptions, startScriptedModel } from '../../../scripts/scripted-model/server.js';
import { at } from './lines.js';

const hello: Script = { name: 'hello', match: 'hello', steps: [{ say: 'Hello to you.' }, { say: 'Again.' }] };

async function open(t: TestContext, scripts: readonly Script[], options: Partial<ScriptedModelOptions> = {}) {
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

const request = (messages: readonly unknown[], more: object = {}) => ({
  model: 'claude-test',
  max_tokens: 100,
  messages,
  ...more,
});
const user = (...texts: readonly string[]) => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
});
const assistant = (text: string) => ({ role: 'assistant', content: text });
const called = (...ids: readonly string[]) => ({
  role: 'assistant',
  content: ids.map((id) => ({ type: 'tool_use', id, name: 'Bash', input: {} })),
});
const results = (...pairs: readonly (readonly [id: string, text: string])[]) => ({
  role: 'user',
  content: pairs.map(([id, text]) => ({
    type: 'tool_result',
    tool_use_id: id,
    content: [{ type: 'text', text }],
  })),
});
const said = (answer: unknown) => at(answer, 'content.0.text');
const refused = (answer: unknown) => String(at(answer, 'error.message'));

/** The events of a stream as far as it came. */
async function events(response: Response): Promise<readonly unknown[]> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    // cut: what came before counts
  }
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json]): unknown => JSON.parse(json ?? ''));
}

test('it streams thinking, text in words and tool inputs in pieces, each block closed', async (t) => {
  const command = 'echo a fairly long command that takes several pieces';
  const { post } = await open(t, [
    {
      name: 'all',
      steps: [{ think: 'Let me see.', say: 'One two.', call: [{ tool: 'Bash', input: { command } }] }],
    },
  ]);
  const response = await post(request([user('go')], { stream: true }));
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.match(response.headers.get('request-id') ?? '', /^req_/);
  const stream = await events(response);
  const deltas = stream
    .filter((event) => at(event, 'type') === 'content_block_delta')
    .map((event) => at(event, 'delta'));
  const join = (key: string) => deltas.map((delta) => at(delta, key) ?? '').join('');
  assert.equal(join('thinking'), 'Let me see.');
  assert.match(join('signature'), /./);
  assert.deepEqual(deltas.map((delta) => at(delta, 'text')).filter(Boolean), ['One', ' two.']);
  assert.deepEqual(JSON.parse(join('partial_json')), { command });
  assert.ok(deltas.filter((delta) => at(delta, 'type') === 'input_json_delta').length > 1);
  const outline = stream.map((event) => at(event, 'type')).filter((type) => type !== 'content_block_delta');
  const block = ['content_block_start', 'content_block_stop'];
  assert.deepEqual(outline, [
    'message_start',
    'ping',
    ...block,
    ...block,
    ...block,
    'message_delta',
    'message_stop',
  ]);
  assert.equal(at(stream.at(-2), 'delta.stop_reason'), 'tool_use');
});

test('without `stream` the same message comes whole', async (t) => {
  const { ask } = await open(t, [
    {
      name: 'all',
      model: 'other',
      usage: { input_tokens: 7 },
      steps: [{ say: 'Hi.', stop_reason: 'max_tokens' }],
    },
  ]);
  const answer = await ask(user('go'));
  assert.equal(said(answer), 'Hi.');
  assert.equal(at(answer, 'model'), 'other');
  assert.equal(at(answer, 'stop_reason'), 'max_tokens');
  assert.equal(at(answer, 'usage.input_tokens'), 7);
});

test('the step that is due follows from the history alone', async (t) => {
  const { ask } = await open(t, [hello]);
  const first = [user('say hello')];
  assert.equal(said(await ask(...first)), 'Hello to you.');
  assert.equal(said(await ask(...first)), 'Hello to you.', 'a retry gets the same');
  assert.equal(said(await ask(...first, assistant('Hello to you.'), user('more'))), 'Again.');
  const third = await ask(...first, assistant('a'), user('b'), assistant('c'), user('d'));
  assert.match(refused(third), /Script "hello", step 3: the script has only 2 steps/);
});

test('the latest prompt that a script matches decides, and a script without match comes last', async (t) => {
  const any: Script = { name: 'any', steps: [{ say: 'Anything.' }] };
  const { ask } = await open(t, [
    any,
    hello,
    { name: 'bye', match: '/^(good)?bye/i', steps: [{ say: 'Bye.' }] },
  ]);
  assert.equal(said(await ask(user('hello'))), 'Hello to you.');
  assert.equal(said(await ask(user('hello'), assistant('x'), user('Goodbye'))), 'Bye.');
  assert.equal(said(await ask(user('hello'), assistant('x'), user('what?'))), 'Anything.');
  assert.equal(
    said(await ask(user('bye', 'hello'))),
    'Hello to you.',
    'the prompt of a failed turn stands before it',
  );
});

test('what the CLI adds to a conversation is no prompt', async (t) => {
  const any: Script = { name: 'any', steps: [{ say: 'First.' }, { say: 'Second.' }] };
  const { ask } = await open(t, [hello, any]);
  const reminder = '<system-reminder>\nthe user said hello\n</system-reminder>';
  assert.equal(said(await ask(user(reminder, 'go'))), 'First.');
  const begun = [user('go'), assistant('First.')];
  for (const note of [
    '[Request interrupted by user]',
    'Output token limit hit. Resume directly - no apology.',
    '<task-notification>\n<status>completed</status>\n</task-notification>',
    'Continue from where you left off.',
  ])
    assert.equal(said(await ask(...begun, user(note))), 'Second.', note);
  const nudge =
    '[Your previous response had no visible output. Please continue and produce a user-visible response.]';
  assert.equal(
    said(await ask(user('go', nudge))),
    'Second.',
    'the CLI forgets an empty answer, the script does not',
  );
  assert.equal(said(await ask(...begun, user('[Request interrupted by user]', 'other'))), 'First.');
});

test('alternatives and slots follow the tool results', async (t) => {
  const look = {
    tool: 'Bash',
    input: { command: 'cat {{capture.file}} # {{{{x}}', nested: [{ in: '{{cwd}}' }], n: 1 },
  };
  const { post, ask } = await open(t, [
    {
      name: 'look',
      match: '/look at (?<file>\\S+)/',
      steps: [
        { call: [look] },
        {
          either: [
            { when: { tool_result: '/FAIL (?:\\d+)/' }, say: 'failed: {{result.2}}' },
            { when: { tool_result: 'fine' }, say: 'all fine: {{result}}' },
          ],
        },
      ],
    },
  ]);
  const prompt = user('please look at a.txt');
  const system = [
    { type: 'text', text: '# Environment\n - Primary working directory: /some/where\n - Other: x' },
  ];
  const call = await (await post(request([prompt], { system }))).json();
  assert.deepEqual(at(call, 'content.0.input'), {
    command: 'cat a.txt # {{x}}',
    nested: [{ in: '/some/where' }],
    n: 1,
  });
  const answered = (one: string, two: string) =>
    ask(prompt, called('one', 'two'), results(['two', two], ['one', one])); // in the order of completion
  assert.equal(said(await answered('ok', 'FAIL 3')), 'failed: FAIL 3');
  assert.equal(said(await answered('fine', 'and dandy')), 'all fine: fine\nand dandy');
  assert.match(refused(await answered('odd', 'odder')), /Script "look", step 2: no alternative fits .*odd/);
  assert.match(refused(await ask(prompt)), /Script "look", step 1: \{\{cwd\}\} has no value here/);
});

test('a prompt that no script matches is refused with its text', async (t) => {
  const { post } = await open(t, [hello]);
  const response = await post(request([user(`salut ${'x'.repeat(300)}`)]));
  assert.equal(response.status, 400);
  const answer = await response.json();
  assert.equal(at(answer, 'error.type'), 'invalid_request_error');
  assert.match(refused(answer), /No script matches.*"salut x{194}"$/);
});

test('it refuses what the real API refuses', async (t) => {
  const { model, post } = await open(t, [hello]);
  assert.equal((await post(request([user('hello')]), {})).status, 401);
  assert.equal((await post(request([user('hello')]), { authorization: 'Bearer dummy' })).status, 200);
  for (const body of [
    '{"model":',
    'null',
    '[]',
    '{}',
    request([]),
    { model: 'm', messages: [user('hello')] },
  ])
    assert.equal((await post(body)).status, 400, JSON.stringify(body));
  const dangling = await post(request([user('hello'), called('t1'), user('go on')]));
  assert.equal(dangling.status, 400);
  assert.match(refused(await dangling.json()), /`tool_use` ids were found without `tool_result`.*t1/);
  const headers = { 'x-api-key': 'dummy' };
  assert.equal((await fetch(`${model.url}/v1/nothing`, { headers })).status, 404);
  assert.equal((await fetch(`${model.url}/v1/messages`, { headers })).status, 405);
  assert.equal((await fetch(model.url, { method: 'HEAD' })).status, 200);
});

test('it counts tokens and records what it was asked', async (t) => {
  const { model } = await open(t, [hello]);
  const body = JSON.stringify({ model: 'm', messages: [user('hello')] });
  const init = { method: 'POST', headers: { 'x-api-key': 'dummy' }, body };
  const counted: unknown = await (await fetch(`${model.url}/v1/messages/count_tokens`, init)).json();
  assert.equal(at(counted, 'input_tokens'), Math.ceil(body.length / 4));
  const [recorded] = model.requests;
  assert.equal(recorded?.path, '/v1/messages/count_tokens');
  assert.equal(recorded?.headers['x-api-key'], 'dummy');
  assert.deepEqual(recorded?.body, JSON.parse(body));
});

test('a slow script is instant when the option says so', async (t) => {
  const slow: Script = { name: 'slow', pace: 600_000, steps: [{ say: 'One two three.' }] };
  const { post } = await open(t, [slow], { pace: 'instant' });
  assert.equal((await events(await post(request([user('go')], { stream: true })))).length, 9);
});
