// A client that lost its connection asks again under the same key: it gets the turn it began, and Claude works once.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';
import { assistant, chunksOf, contentOf, jobOf, startAgent, startBeside, user } from './agent-kit.js';

const KEY = { 'idempotency-key': 'the-one', 'content-type': 'application/json' };
const TEXT = 'I begin.\n\nI am done.';
const BODY = { model: 'agenticore-agent', messages: [user('work on')] };
/** How often the model is asked in one turn of the script. */
const STEPS = 2;

const post = (url: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: KEY,
    body: JSON.stringify({ ...BODY, ...body }),
    ...(signal === undefined ? {} : { signal }),
  });

/** An agent in the middle of a keyed turn whose reader has just lost its connection. */
async function cutInTheMiddle(t: TestContext, bus: 'file' | 'redis', env: Record<string, string> = {}) {
  const signs = await tempDir(t);
  const wait = `touch ${signs}/started; while [ ! -e ${signs}/go ]; do sleep 0.05; done`;
  const work: Script = {
    name: 'work',
    match: 'work on',
    steps: [{ say: 'I begin.', call: [{ tool: 'Bash', input: { command: wait } }] }, { say: 'I am done.' }],
  };
  const agent = await startAgent(bus, [work], env);
  t.after(() => agent.close());
  const leaving = new AbortController();
  const cut = await post(agent.url, { stream: true }, leaving.signal);
  const read = await readUntil(cut, 'I begin.');
  await eventually('the tool runs', () => existsSync(join(signs, 'started')));
  leaving.abort(new Error('the connection is cut'));
  const asked = (): number =>
    agent.model.requests.filter(({ body }) => JSON.stringify(body)?.includes('work on')).length;
  return { agent, id: jobOf(chunksOf(read)), asked, goOn: () => writeFileSync(join(signs, 'go'), '') };
}

/** What was told up to a text. */
async function readUntil({ body }: Response, words: string): Promise<string> {
  let read = '';
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) {
    read += decoder.decode(bytes, { stream: true });
    const whole = read.slice(0, read.lastIndexOf('\n\n') + 1);
    if (contentOf(chunksOf(whole)).includes(words)) return whole;
  }
  throw new Error(`the stream ended before ${words}: ${read}`);
}

describe('a turn whose reader lost the connection', () => {
  it('is joined by the same request, and told again after a restart', async (t) => {
    const { agent, id, asked, goOn } = await cutInTheMiddle(t, 'file');
    const retry = await post(agent.url, { stream: true });
    assert.equal((await agent.job(id)).status, 'running', 'nobody reads it, and it goes on');
    goOn();
    const chunks = chunksOf(await retry.text());
    assert.equal(contentOf(chunks), TEXT);
    assert.equal(jobOf(chunks), id);
    assert.equal(asked(), STEPS);

    await agent.ended(id);
    await agent.restart();
    const whole = await post(agent.url, { stream: false });
    const completion = JSON.parse(await whole.text());
    assert.equal(completion.id, `chatcmpl-${id}`);
    assert.equal(completion.choices[0].message.content, TEXT);
    const streamed = chunksOf(await (await post(agent.url, { stream: true })).text());
    assert.equal(contentOf(streamed), TEXT);
    const other = await post(agent.url, { messages: [assistant('Hm.'), user('work on')] });
    assert.equal(other.status, 409);
    assert.equal(JSON.parse(await other.text()).error.code, 'idempotency_mismatch');
    assert.equal(asked(), STEPS, 'the model saw one turn');
  });

  it('is joined, and told again, at another process of the fleet', async (t) => {
    const { agent, id, asked, goOn } = await cutInTheMiddle(t, 'redis');
    const other = await startBeside(agent);
    t.after(() => other.stop());
    const [streamed, whole] = [post(other.url, { stream: true }), post(other.url, { stream: false })];
    const retry = await streamed;
    goOn();
    assert.equal(contentOf(chunksOf(await retry.text())), TEXT);
    const completion = JSON.parse(await (await whole).text());
    assert.deepEqual([completion.id, completion.choices[0].message.content], [`chatcmpl-${id}`, TEXT]);
    await agent.ended(id);
    assert.equal(contentOf(chunksOf(await (await post(other.url, { stream: true })).text())), TEXT);
    assert.equal(asked(), STEPS, 'the model saw one turn');
  });

  it('is not run again when its server was killed: the retry is told what became of it', async (t) => {
    const { agent, id, asked } = await cutInTheMiddle(t, 'file', { AGENTICORE_LEASE: '3' });
    agent.kill();
    await agent.restart();
    const retry = await post(agent.url, { stream: true });
    const failed = chunksOf(await retry.text()).at(-1)?.error;
    assert.equal(failed?.code, 'worker_lost');
    assert.match(failed.message, /another key/);
    assert.equal((await agent.job(id)).code, 'AGENTICORE_WORKER_LOST');
    assert.equal(asked(), 1);
  });
});
