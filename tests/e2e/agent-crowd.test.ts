// Many at once, and processes that die: nobody hears what is another's, and those beyond the limits are told so before
// anything was started.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';
import {
  type AgentUnderTest,
  assistant,
  chunksOf,
  contentOf,
  requestWith,
  startAgent,
  startBeside,
  user,
} from './agent-kit.js';

const echo: Script = {
  name: 'echo',
  match: '/my number is (?<number>\\d+)/',
  steps: [{ say: 'Yours is {{capture.number}}.' }],
};
const slow: Script = {
  name: 'slow',
  match: 'take your time',
  pace: 40,
  steps: [{ say: `${'word '.repeat(400)}end.` }],
};
const recall: Script = { name: 'recall', match: 'what did I say', steps: [{ say: 'You said it.' }] };
const any: Script = { name: 'any', steps: [{ say: 'Very well.' }] };

describe('an agent in a crowd', () => {
  it('mixes none of fifty conversations with another, and refuses those beyond its limits unstarted', async (t) => {
    const limits = {
      AGENT_MODE_MAX_PROCESSES: '3',
      AGENT_MODE_MAX_WAITING: '5',
      AGENT_MODE_WARM_PROCESSES: '2',
    };
    // No turn makes room for another before all have come.
    const allHaveCome = join(await tempDir(t), 'all have come');
    const wait = `while [ ! -e '${allHaveCome}' ]; do sleep 0.05; done`;
    const patient: Script = {
      ...echo,
      steps: [{ call: [{ tool: 'Bash', input: { command: wait } }] }, ...echo.steps],
    };
    const agent = await startAgent('file', [patient], limits);
    try {
      const numbers = Array.from({ length: 50 }, (_, at) => 1000 + at);
      let told = 0;
      const chats = numbers.map(async (number) => {
        const answer = await agent.chat(
          { messages: [user(`my number is ${number}`)], stream: true },
          { 'x-conversation-id': `crowd-${number}` },
        );
        told += 1;
        return answer;
      });
      await eventually('those beyond the limits are told so', () => told >= 50 - 3 - 5);
      writeFileSync(allHaveCome, '');
      const answers = await Promise.all(chats);
      const refused = answers.filter(({ status }) => status === 503);
      assert.equal(refused.length, 50 - 3 - 5, 'three run, five wait');
      for (const { headers, text } of refused) {
        assert.ok(Number(headers.get('retry-after')) >= 1 && Number(headers.get('retry-after')) <= 60);
        assert.equal(JSON.parse(text).error.type, 'overloaded_error', text);
      }
      for (const [at, { status, text }] of answers.entries())
        if (status === 200) assert.equal(contentOf(chunksOf(text)), `Yours is ${numbers[at]}.`);
      const jobs = (await (await agent.get('/jobs?limit=200')).json()) as { jobs: unknown[] };
      assert.equal(jobs.jobs.length, 8, 'of the others the ledger knows nothing');
    } finally {
      await agent.close();
    }
  });

  it('runs what waits at one process on another', async () => {
    const agent = await startAgent('redis', [echo], { AGENTICORE_ROLES: 'ingress,gateway' });
    const worker = await startBeside(agent, { AGENTICORE_ROLES: 'worker' });
    try {
      const { status, text } = await agent.chat({ messages: [user('my number is 7')], stream: true });
      assert.equal(status, 200, text);
      assert.equal(contentOf(chunksOf(text)), 'Yours is 7.');
    } finally {
      await worker.stop();
      await agent.close();
    }
  });
});

describe('conversations of an agent', () => {
  let agent: AgentUnderTest;
  before(async () => {
    agent = await startAgent('file', [slow, recall, any]);
  });
  after(() => agent?.close());

  it('tells the client when its process is killed, and goes on with the history at the next turn', async () => {
    const key = { 'x-conversation-id': 'killed' };
    const first = await agent.say([user('Remember the word saffron.')], key);
    const history = [user('Remember the word saffron.'), assistant(first)];
    const running = agent.chat({ messages: [...history, user('take your time')], stream: true }, key);
    const pid = await eventually('claude answers', async () => {
      const found = wasAsked(agent, 'take your time');
      return found && busyClaude(agent);
    });
    process.kill(pid, 'SIGKILL');
    const { text } = await running;
    const failed = chunksOf(text).find(({ error }) => error !== undefined);
    assert.ok(failed?.error, text.slice(-500));
    assert.ok(text.trimEnd().endsWith('data: [DONE]'));

    await agent.say([...history, user('Now, what did I say?')], key);
    const last = requestWith(agent, 'what did I say');
    assert.match(JSON.stringify(last?.body), /saffron/);
  });

  it('lets a second turn of a conversation wait for the first', async () => {
    const key = { 'x-conversation-id': 'one-at-a-time' };
    const first = agent.chat({ messages: [user('take your time, too')], stream: true }, key);
    await eventually('the first runs', () => wasAsked(agent, 'take your time, too'));
    const second = agent.chat({ messages: [user('and now this')], stream: true }, key);
    const asked = (): boolean => wasAsked(agent, 'and now this');
    assert.equal(asked(), false);
    assert.match(contentOf(chunksOf((await first).text)), /end\.$/);
    assert.equal(contentOf(chunksOf((await second).text)), 'Very well.');
  });
});

const wasAsked = (agent: AgentUnderTest, text: string): boolean => requestWith(agent, text) !== undefined;

/** The claude of this agent that has used the most time: the one in a turn. */
function busyClaude({ folder }: AgentUnderTest): number {
  const all = readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)) return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('stream-json')) return [];
      const [, , , , , , , , , , , , utime = 0, stime = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^\d+ \(.*\) /, '')
        .split(' ')
        .map(Number);
      return [{ pid: Number(pid), used: utime + stime }];
    } catch {
      return [];
    }
  });
  return all.sort((a, b) => b.used - a.used)[0]?.pid ?? 0;
}
