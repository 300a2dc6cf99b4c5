// Disks that fill up under an agent: its callers are told before anything is begun, what runs is told to its end and kept,
// the next turn knows all that was said, and everything goes on by itself when there is room.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { mountSmallDisk, needsSmallDisk } from '../support/small-disk.js';
import { tempDir } from '../support/temp-dir.js';
import {
  type AgentUnderTest,
  assistant,
  chunksOf,
  contentOf,
  jobOf,
  requestWith,
  startAgent,
  startBeside,
  user,
} from './agent-kit.js';
import type { BusName } from './surrounded-server.js';

const TIMEOUT = { timeout: 240_000 };
const CONVERSATION = { 'x-conversation-id': 'on-a-full-disk' };
/** Longer than what is left in the pages of a file that is there. */
const LAST_WORDS = `I am done, without a byte of room.${' It was full.'.repeat(1000)}`;
const TEXT = `I begin.\n\n${LAST_WORDS}`;

/** An agent whose disk is full, in the middle of a turn: its tool waits for a sign. */
async function scene(t: TestContext, bus: BusName) {
  const disk = mountSmallDisk();
  const signs = await tempDir(t);
  const wait = `touch ${signs}/started; while [ ! -e ${signs}/go ]; do sleep 0.05; done`;
  const work: Script = {
    name: 'work',
    match: 'work on',
    steps: [{ say: 'I begin.', call: [{ tool: 'Bash', input: { command: wait } }] }, { say: LAST_WORDS }],
  };
  const any: Script = { name: 'any', steps: [{ say: 'Very well.' }] };
  const starting = startAgent(bus, [work, any], { AGENTICORE_HOME: disk.path });
  t.after(async () => {
    const started = await starting.catch(() => undefined);
    await started?.close(); // before its disk goes
    disk.remove();
  });
  const agent = await starting;
  const running = agent.chat({ messages: [user('work on')], stream: true }, CONVERSATION);
  await eventually('the tool runs', () => existsSync(join(signs, 'started')));
  disk.fill();
  await eventually('it is not ready, and says why', async () => {
    const ready = await agent.get('/ready');
    const reasons = await ready.text();
    return ready.status === 503 && /The disk of the worker is full: ENOSPC: .+ Make room there/.test(reasons);
  });
  assert.equal((await agent.get('/health')).status, 200);
  return { disk, agent, running, goOn: () => writeFileSync(join(signs, 'go'), '') };
}

/** What is asked of the model: of a turn that was refused it hears nothing. */
const asked = ({ model }: AgentUnderTest): number => model.requests.length;

async function assertRefused(agent: AgentUnderTest, stream: boolean): Promise<void> {
  const before = asked(agent);
  const refused = await agent.chat({ messages: [user('hello')], stream }, { 'idempotency-key': 'again' });
  assert.equal(refused.status, 503, refused.text);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const { error } = JSON.parse(refused.text);
  assert.deepEqual([error.code, error.type], ['disk_full', 'overloaded_error']);
  assert.match(error.message, /ENOSPC: .+ Make room there/);
  assert.equal(asked(agent), before);
}

/** The rest of the scene: the turn that runs comes to its end, and all is well again when there is room. */
async function assertRecovers(
  { disk, agent, running, goOn }: Awaited<ReturnType<typeof scene>>,
  meanwhile: (id: string) => Promise<void>,
): Promise<void> {
  goOn();
  const chunks = chunksOf((await running).text);
  assert.equal(contentOf(chunks), TEXT, 'its reader gets all of it');
  const id = jobOf(chunks);
  await meanwhile(id);
  disk.free();
  await eventually('it is ready again', async () => (await agent.get('/ready')).ok);
  assert.equal((await agent.ended(id)).status, 'succeeded');
  const again = await agent.get(`/v1/chat/completions/chatcmpl-${id}/events`);
  assert.equal(contentOf(chunksOf(await again.text())), TEXT, 'and it is kept');
  const retried = await agent.chat({ messages: [user('hello')] }, { 'idempotency-key': 'again' });
  assert.equal(retried.status, 200, retried.text);
}

/** Whatever process it comes to, Claude has in mind what was said on the full disk. */
async function assertKnown(agent: AgentUnderTest, url = agent.url): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...CONVERSATION },
    body: JSON.stringify({
      model: 'agenticore-agent',
      messages: [user('work on'), assistant(TEXT), user('What did you say?')],
    }),
  });
  assert.equal(response.status, 200, await response.text());
  const { body } = requestWith(agent, 'What did you say?') ?? {};
  const { messages } = body as { messages: unknown };
  assert.equal(JSON.stringify(messages).split(LAST_WORDS).length - 1, 1);
}

describe('an agent whose disk fills up', { ...needsSmallDisk, concurrency: true }, () => {
  it('with its bus on it: what runs waits to be written down', TIMEOUT, async (t) => {
    const under = await scene(t, 'file');
    const { agent } = under;
    for (const stream of [false, true]) await assertRefused(agent, stream);
    await assertRecovers(under, async (id) => {
      assert.equal((await agent.job(id)).status, 'running', 'its end cannot be written yet');
    });
    await assertKnown(agent);
    await agent.restart();
    await assertKnown(agent);
  });

  it(
    'while its bus has room: others do its work, and no session is gone on with that lacks a part',
    TIMEOUT,
    async (t) => {
      const under = await scene(t, 'redis');
      const { agent } = under;
      for (const stream of [false, true]) await assertRefused(agent, stream);
      const response = await fetch(`${agent.url}/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uuid: 'waits', message: 'hello', wait: false }),
      });
      assert.equal(response.status, 202, await response.text());
      const roomy = await startBeside(agent, { AGENTICORE_HOME: await tempDir() });
      t.after(() => roomy.stop()); // before its folder goes
      await eventually('another one does it', async () => {
        const job = await fetch(`${roomy.url}/completions/waits`);
        return /"completed"/.test(await job.text());
      });
      await assertRecovers(under, async () => {});
      await agent.restart();
      await assertKnown(agent);
    },
  );
});
