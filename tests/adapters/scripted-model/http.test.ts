// What the scripted model answers, as any client of the Messages API meets it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { at } from './lines.js';
import { assistant, called, openModel, refused, request, results, said, user } from './open-model.js';

const hello: Script = { name: 'hello', match: 'hello', steps: [{ say: 'Hello to you.' }, { say: 'Again.' }] };

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
  const { post } = await openModel(t, [
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
  const { ask } = await openModel(t, [
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
  const { ask } = await openModel(t, [hello]);
  const first = [user('say hello')];
  assert.equal(said(await ask(...first)), 'Hello to you.');
  assert.equal(said(await ask(...first)), 'Hello to you.', 'a retry gets the same');
  assert.equal(said(await ask(...first, assistant('Hello to you.'), user('more'))), 'Again.');
  const third = await ask(...first, assistant('a'), user('b'), assistant('c'), user('d'));
  assert.match(refused(third), /Script "hello", step 3: the script has only 2 steps/);
});

test('the latest prompt that a script matches decides, and a script without match comes last', async (t) => {
  const any: Script = { name: 'any', steps: [{ say: 'Anything.' }] };
  const { ask } = await openModel(t, [
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
  const { ask } = await openModel(t, [hello, any]);
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
  const { post, ask } = await openModel(t, [
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

test('a slow script is instant when the option says so', async (t) => {
  const slow: Script = { name: 'slow', pace: 600_000, steps: [{ say: 'One two three.' }] };
  const { post } = await openModel(t, [slow], { pace: 'instant' });
  assert.equal((await events(await post(request([user('go')], { stream: true })))).length, 9);
});
