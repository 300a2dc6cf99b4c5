// The faults of the scripted model on the wire; what the real CLI makes of them is in claude-faults.test.ts.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Fault, Script, StreamFault } from '../../../scripts/scripted-model/script.js';
import { startScriptedModel } from '../../../scripts/scripted-model/server.js';

const withFault = (fault: Fault): Script => ({
  name: 'faulty',
  steps: [{ think: 'Hm.', say: 'One two three.', fault }],
});

async function open(t: TestContext, fault: Fault) {
  const model = await startScriptedModel({ scripts: [withFault(fault)] });
  t.after(() => model.close());
  const post = (stream: boolean, session = 'one', text = 'go') =>
    fetch(`${model.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'dummy' },
      body: JSON.stringify({
        model: 'm',
        max_tokens: 1,
        stream,
        metadata: { user_id: session },
        messages: [{ role: 'user', content: text }],
      }),
      signal: AbortSignal.timeout(20_000),
    });
  return { model, post };
}

/** The text of a body as far as it came, and whether it came to a proper end. */
async function receive(response: Response, enough?: RegExp): Promise<{ text: string; ended: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const part of response.body ?? []) {
      text += decoder.decode(part, { stream: true });
      if (enough?.test(text)) return { text, ended: false };
    }
    return { text, ended: true };
  } catch {
    return { text, ended: false };
  }
}

test('a status comes with its error type, its retry-after and any header', async (t) => {
  const headers = { 'x-should-retry': 'false' };
  const { post } = await open(t, { status: 429, retry_after: 3600, headers });
  const response = await post(true);
  assert.equal(response.status, 429);
  assert.equal(response.headers.get('retry-after'), '3600');
  assert.equal(response.headers.get('x-should-retry'), 'false');
  assert.match(await response.text(), /"type":"rate_limit_error"/);
});

test('a usage limit comes in the headers of a subscription, its reset in seconds since 1970', async (t) => {
  const { post } = await open(t, { status: 429, rate_limit: { status: 'rejected', resets_in: 3600 } });
  const before = Math.floor(Date.now() / 1000);
  const { headers } = await post(true);
  assert.equal(headers.get('anthropic-ratelimit-unified-status'), 'rejected');
  assert.equal(headers.get('anthropic-ratelimit-unified-representative-claim'), 'five_hour');
  assert.ok(Number(headers.get('anthropic-ratelimit-unified-reset')) >= before + 3600);
});

test('a fault with times is counted for each conversation, and then the step goes on', async (t) => {
  const { post } = await open(t, { status: 529, times: 2 });
  const statuses = async (session: string, count: number) => {
    const seen: number[] = [];
    for (let n = 0; n < count; n++) seen.push((await post(false, session)).status);
    return seen;
  };
  assert.deepEqual(await statuses('one', 3), [529, 529, 200]);
  assert.deepEqual(await statuses('two', 3), [529, 529, 200]);
});

test('a fault counted for the server spares the next conversation', async (t) => {
  const { post } = await open(t, { status: 529, times: 1, per: 'server' });
  assert.equal((await post(false, 'one')).status, 529);
  assert.equal((await post(false, 'two')).status, 200);
});

const broken: readonly (readonly [fault: StreamFault, wants: RegExp, lacks: RegExp])[] = [
  [{ kind: 'cut', at: 'before_block' }, /message_start/, /content_block_start/],
  [{ kind: 'cut' }, /thinking_delta/, /content_block_stop/],
  [{ kind: 'cut', at: 'after_block' }, /content_block_stop/, /text_delta/],
  [{ kind: 'error_event' }, /event: error\ndata: .*overloaded_error/, /content_block_stop/],
];

for (const [fault, wants, lacks] of broken) {
  test(`a stream with ${fault.kind} ${fault.at ?? ''} breaks at its place`, async (t) => {
    const { post } = await open(t, fault);
    const { text, ended } = await receive(await post(true));
    assert.match(text, wants);
    assert.doesNotMatch(text, lacks);
    assert.equal(ended, fault.kind === 'error_event');
  });
}

test('garbage, an empty stream and the page of a proxy come with status 200', async (t) => {
  const garbage = await (await open(t, { kind: 'garbage' })).post(true);
  assert.equal(garbage.status, 200);
  assert.match(await garbage.text(), /^event: message_start\ndata: \{"type":"message_start","mess\n\n/);
  const empty = await (await open(t, { kind: 'empty' })).post(true);
  assert.deepEqual([empty.status, await empty.text()], [200, '']);
  const page = await (await open(t, { kind: 'html200' })).post(true);
  assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html']);
});

test('a reader that wants no stream meets the same faults', async (t) => {
  const cut = await receive(await (await open(t, { kind: 'cut' })).post(false));
  assert.match(cut.text, /^\{"id":"msg_/);
  assert.equal(cut.ended, false);
  assert.equal((await (await open(t, { kind: 'error_event' })).post(false)).status, 529);
  const silence = await receive(await (await open(t, { kind: 'silence' })).post(false), /^\{"id":"msg_/);
  assert.equal(silence.ended, false);
});

test('pings go on, a silence says no more, headers stay away, and closing ends them all', async (t) => {
  const pinging = await open(t, { kind: 'ping_forever' });
  const pings = await receive(await pinging.post(true), /thinking_delta(.*event: ping){3}/s);
  assert.doesNotMatch(pings.text, /content_block_stop/);

  const silent = await open(t, { kind: 'silence' });
  const silence = receive(await silent.post(true));
  await silent.model.close();
  assert.match((await silence).text, /thinking_delta/);
  assert.equal((await silence).ended, false);

  const hanging = await open(t, { kind: 'hang_before_headers' });
  const hang = assert.rejects(hanging.post(true), TypeError);
  while (hanging.model.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await hanging.model.close();
  await hang;
});

test('a fault needs no content of its own', async (t) => {
  const model = await startScriptedModel({
    scripts: [{ name: 'bare', steps: [{ fault: { kind: 'cut' } }] }],
  });
  t.after(() => model.close());
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 1,
    stream: true,
    messages: [{ role: 'user', content: 'go' }],
  });
  const init = { method: 'POST', headers: { 'x-api-key': 'dummy' }, body };
  const { text } = await receive(await fetch(`${model.url}/v1/messages`, init));
  assert.match(text, /text_delta/);
  assert.doesNotMatch(text, /content_block_stop/);
});
