// What a turn is when something around it breaks: its server, its Redis, its client; and when the server leaves.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { needsOwnRedis } from '../support/install-redis.js';
import { startOwnRedis } from '../support/redis-server.js';
import { tempDir } from '../support/temp-dir.js';
import {
  type AgentUnderTest,
  assistant,
  type Chat,
  chunksOf,
  contentOf,
  jobOf,
  requestWith,
  startAgent,
  user,
} from './agent-kit.js';
import { processesBelow } from './evidence.js';

const any: Script = { name: 'any', steps: [{ say: 'Very well.' }] };
const recall: Script = { name: 'recall', match: 'what did I say', steps: [{ say: 'You said it.' }] };

interface Halfway {
  readonly agent: AgentUnderTest;
  readonly running: Promise<Chat>;
  goOn(): void;
}

/** An agent in the middle of a turn: its tool waits for a sign. */
async function halfway(
  bus: Parameters<typeof startAgent>[0],
  headers: Record<string, string> = {},
): Promise<Halfway> {
  const signs = await tempDir();
  const wait = `touch ${signs}/started; while [ ! -e ${signs}/go ]; do sleep 0.05; done; echo it-went-on`;
  const work: Script = {
    name: 'work',
    match: 'work on',
    steps: [{ say: 'I begin.', call: [{ tool: 'Bash', input: { command: wait } }] }, { say: 'I am done.' }],
  };
  const agent = await startAgent(bus, [work, recall, any]);
  const running = agent.chat({ messages: [user('work on')], stream: true }, headers);
  running.catch(() => {}); // some of these tests cut it off
  await eventually('the tool runs', () => existsSync(join(signs, 'started'))).catch(
    async (error: unknown) => {
      await agent.close();
      throw error;
    },
  );
  return { agent, running, goOn: () => writeFileSync(join(signs, 'go'), '') };
}

/** The newest turn. */
async function newest(agent: AgentUnderTest): Promise<string> {
  const { jobs } = (await (await agent.get('/jobs?limit=1')).json()) as { jobs: { id: string }[] };
  return jobs[0]?.id ?? '';
}

describe('an agent when something breaks', () => {
  it('ends the turn of a server that was killed, leaves no process, and goes on with the next', async () => {
    const key = { 'x-conversation-id': 'cut' };
    const { agent, running } = await halfway('file', key);
    try {
      const id = await newest(agent);
      agent.kill();
      await assert.rejects(running);
      await eventually('nothing of it works on', () => processesBelow(agent.folder).length === 0, 30_000);
      await agent.restart();
      const job = await agent.ended(id);
      assert.deepEqual([job.status, job.code], ['failed', 'AGENTICORE_WORKER_LOST']);
      const history = [user('work on'), assistant('I begin.')];
      assert.equal(await agent.say([...history, user('Now, what did I say?')], key), 'You said it.');
    } finally {
      await agent.close();
    }
  });

  it('finishes the turn that runs before it leaves, and takes no other', async () => {
    const { agent, running, goOn } = await halfway('file');
    try {
      agent.kill('SIGTERM');
      const refused = await eventually('it takes no more', async () => {
        const answer = await agent.chat({ messages: [user('hello')] }).catch(() => undefined);
        return answer?.status === 503 && answer;
      });
      assert.equal(JSON.parse(refused.text).error.type, 'overloaded_error', refused.text);
      goOn();
      const { text } = await running;
      assert.equal(contentOf(chunksOf(text)), 'I begin.\n\nI am done.');
      await eventually(
        'it has left',
        async () => (await agent.get('/health').catch(() => undefined)) === undefined,
      );
      await eventually('its processes have left with it', () => processesBelow(agent.folder).length === 0);
    } finally {
      await agent.close();
    }
  });

  it('cancels a turn from elsewhere', async () => {
    const { agent, running } = await halfway('file');
    try {
      const id = await newest(agent);
      const response = await fetch(`${agent.url}/jobs/${id}`, { method: 'DELETE' });
      assert.equal(response.status, 200);
      const { text } = await running;
      const failed = chunksOf(text).find(({ error }) => error !== undefined);
      assert.equal(failed?.error?.code, 'cancelled', text.slice(-400));
      assert.equal((await agent.ended(id)).status, 'cancelled');
      await eventually(
        'its tool has ended',
        () => !processesBelow(agent.folder).some((line) => line.includes('sleep 0.05')),
      );
    } finally {
      await agent.close();
    }
  });

  it('goes on talking while Redis is away, and tells the ledger afterwards', needsOwnRedis, async () => {
    const redis = await startOwnRedis({ durable: true });
    const { agent, running, goOn } = await halfway(redis);
    try {
      const id = await newest(agent);
      await redis.kill();
      const refused = await agent.chat({ messages: [user('hello')] });
      assert.equal(refused.status, 503, refused.text);
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
      goOn();
      const { text } = await running;
      assert.equal(contentOf(chunksOf(text)), 'I begin.\n\nI am done.', 'the reader needs no Redis');
      assert.equal(jobOf(chunksOf(text)), id);
      await redis.start();
      const job = await agent.ended(id);
      assert.equal(job.status, 'succeeded');
      const frames = await (await agent.get(`/jobs/${id}/events`)).text();
      assert.match(frames, /it-went-on/);
      assert.match(frames, /I am done\./);
    } finally {
      await agent.close();
    }
  });
});

describe('an agent that runs on', () => {
  let agent: AgentUnderTest;
  before(async () => {
    const limit: Script = {
      name: 'limit',
      match: 'too much',
      steps: [{ fault: { status: 400, message: 'No.' } }],
    };
    agent = await startAgent('file', [limit, any]);
  });
  after(() => agent?.close());

  it('tells a client what the model says when it cannot answer', async () => {
    const streamed = await agent.chat({ messages: [user('too much')], stream: true });
    assert.equal(streamed.status, 200);
    const failed = chunksOf(streamed.text).find(({ error }) => error !== undefined);
    assert.match(failed?.error?.message ?? '', /No\./);
    assert.ok(streamed.text.trimEnd().endsWith('data: [DONE]'));
    const whole = await agent.chat({ messages: [user('too much')] });
    assert.ok(whole.status >= 500, whole.text);
    assert.match(JSON.parse(whole.text).error.message, /No\./);
    assert.equal(await agent.say([user('and now?')]), 'Very well.');
    assert.equal(requestWith(agent, 'and now?')?.body === undefined, false);
  });

  it('knows a completion by the name that its caller gave it', async () => {
    const post = async (body: object) => {
      const response = await fetch(`${agent.url}/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const waited = await post({ message: 'hello', uuid: 'mine-1' });
    assert.deepEqual([waited.status, waited.body.result], [200, 'Very well.']);
    const asked = agent.model.requests.length;
    const again = await post({ message: 'hello', uuid: 'mine-1' });
    assert.equal(again.body.result, 'Very well.');
    assert.equal(agent.model.requests.length, asked, 'the same name is the same completion');
    const queued = await post({ message: 'hello', uuid: 'mine-2', wait: false, meta: { ticket: 7 } });
    assert.deepEqual([queued.status, queued.body.status], [202, 'queued']);
    const found = await eventually('it is completed', async () => {
      const answer = await (await agent.get('/completions/mine-2')).json();
      const { completion } = answer as { completion: Record<string, unknown> };
      return completion.status === 'completed' && completion;
    });
    assert.equal(found.result, 'Very well.');
    assert.deepEqual(found.meta, { ticket: 7 });
    const listed = (await (await agent.get('/completions?status=completed')).json()) as { count: number };
    assert.equal(listed.count, 2);
    assert.equal((await agent.get('/completions/..%2f..%2fetc')).status, 404);
  });
});
