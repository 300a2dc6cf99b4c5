// What the scripted model refuses, counts and records.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { at } from './lines.js';
import { called, openModel, refused, request, user } from './open-model.js';

const hello: Script = { name: 'hello', match: 'hello', steps: [{ say: 'Hello to you.' }] };

test('a prompt that no script matches is refused with its text', async (t) => {
  const { post } = await openModel(t, [hello]);
  const response = await post(request([user(`salut ${'x'.repeat(300)}`)]));
  assert.equal(response.status, 400);
  const answer = await response.json();
  assert.equal(at(answer, 'error.type'), 'invalid_request_error');
  assert.match(refused(answer), /No script matches.*"salut x{194}"$/);
});

test('it refuses what the real API refuses', async (t) => {
  const { model, post } = await openModel(t, [hello]);
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
  const { model } = await openModel(t, [hello]);
  const body = JSON.stringify({ model: 'm', messages: [user('hello')] });
  const init = { method: 'POST', headers: { 'x-api-key': 'dummy' }, body };
  const counted: unknown = await (await fetch(`${model.url}/v1/messages/count_tokens`, init)).json();
  assert.equal(at(counted, 'input_tokens'), Math.ceil(body.length / 4));
  const [recorded] = model.requests;
  assert.equal(recorded?.path, '/v1/messages/count_tokens');
  assert.equal(recorded?.headers['x-api-key'], 'dummy');
  assert.deepEqual(recorded?.body, JSON.parse(body));
});

test('it keeps the latest thousand requests', async (t) => {
  const { model } = await openModel(t, [hello]);
  for (let n = 0; n < 1010; n += 101)
    await Promise.all(
      Array.from({ length: 101 }, () => fetch(model.url).then((response) => response.text())),
    );
  await fetch(`${model.url}/last`);
  assert.equal(model.requests.length, 1000);
  assert.equal(model.requests.at(-1)?.path, '/last');
});
