// Turns of an agent, whole, on both buses: what a chat client sees, and what the ledger knows of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { eventually } from '../support/eventually.js';
import { figureOf } from '../support/prometheus.js';
import {
  type AgentUnderTest,
  assistant,
  type Chat,
  type Chunk,
  chunksOf,
  contentOf,
  jobOf,
  requestWith,
  startAgent,
  user,
} from './agent-kit.js';
import { processesBelow } from './evidence.js';
import type { BusName } from './surrounded-server.js';

/** Thinks, says something, calls two tools, says how it ended. */
const work: Script = {
  name: 'work',
  match: 'do the work',
  steps: [
    {
      think: 'Two commands will do.',
      say: 'I will look first.',
      call: [
        { tool: 'Bash', input: { command: 'echo first-result', description: 'Look' } },
        { tool: 'Bash', input: { command: 'echo second-result', description: 'Look again' } },
      ],
    },
    { think: 'That is all.', say: 'Both are there: the work is done.' },
  ],
};
const TEXT = 'I will look first.\n\nBoth are there: the work is done.';
const recall: Script = { name: 'recall', match: 'what did I say', steps: [{ say: 'You said it.' }] };
const secret: Script = {
  name: 'secret',
  match: 'tell me the key',
  steps: [
    { call: [{ tool: 'Bash', input: { command: 'echo "$ANTHROPIC_API_KEY"' } }] },
    { say: 'It is sk-ant-planted-0123456789abcdefghij, as you see.' },
  ],
};
const any: Script = { name: 'any', steps: [{ say: 'Very well, and you?' }] };
const ALL = { 'x-agenticore-visibility': 'thinking,tools,text' };

for (const bus of ['file', 'redis'] as const satisfies readonly BusName[]) {
  describe(`an agent on the ${bus} bus`, () => {
    let agent: AgentUnderTest;
    /** A turn as a client sees it that asks for nothing else, and as one that wants to see all. */
    let plain: Chat;
    let shown: Chat;
    /** What was said so far in the one conversation that goes on and on: each other one costs a start of claude. */
    const said: object[] = [];
    const goOn = async (text: string, more: object = {}, headers: Record<string, string> = {}) => {
      const named = { 'x-conversation-id': 'goes-on', ...headers };
      const chat = await agent.chat({ messages: [...said, user(text)], stream: true, ...more }, named);
      said.push(user(text), assistant(TEXT));
      return chat;
    };
    before(async () => {
      agent = await startAgent(bus, [work, recall, secret, any]);
      plain = await goOn('do the work');
      shown = await goOn('do the work', {}, ALL);
    });
    after(() => agent?.close());

    it('streams the text of a turn once to a client that asks for nothing else', () => {
      const { status, headers, text } = plain;
      assert.equal(status, 200, text);
      assert.match(headers.get('content-type') ?? '', /^text\/event-stream/);
      const chunks = chunksOf(text);
      assert.deepEqual(chunks[0]?.choices?.[0]?.delta, { role: 'assistant', content: '' });
      assert.equal(contentOf(chunks), TEXT);
      assert.ok(text.trimEnd().endsWith('data: [DONE]'));
      assert.equal(chunks.at(-1)?.choices?.[0]?.finish_reason, 'stop');
      assert.ok(chunks.every(({ choices }) => choices?.[0]?.delta.reasoning_content === undefined));
      assert.deepEqual(kinds(chunks), ['text', 'narration', 'text', 'final']);
    });

    if (bus === 'file')
      it('shows its figures, none of which names a job or a caller', async () => {
        const page = await (await fetch(`${agent.url}/metrics`)).text();
        assert.equal(figureOf(page, 'agenticore_turn_ttft_seconds_count'), 2);
        assert.ok((figureOf(page, 'agenticore_stream_lag_seconds_count') ?? 0) > 5);
        assert.equal(figureOf(page, 'agenticore_sse_clients'), 0);
        assert.ok((figureOf(page, 'agenticore_claude_resident_bytes') ?? 0) > 10_000_000);
        assert.ok(figureOf(page, 'agenticore_warm_processes', { state: 'warm' }) !== undefined);
        const ended = { kind: 'turn', profile: 'assistant', status: 'succeeded', code: '' };
        await eventually('the turns are counted', async () => {
          const now = await (await fetch(`${agent.url}/metrics`)).text();
          return figureOf(now, 'agenticore_jobs_total', ended) === 2;
        });
        assert.doesNotMatch(page, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|anonymous/);
      });

    it('keeps in mind what was said, and only that', async () => {
      const key = { 'x-conversation-id': 'memory' };
      const first = await agent.say([user('Remember the word heliotrope.')], key);
      await agent.say(
        [user('Remember the word heliotrope.'), assistant(first), user('Now, what did I say?')],
        key,
      );
      const asked = lastRequest(agent, 'what did I say');
      assert.equal(count(asked, 'heliotrope'), 1, asked);
      assert.equal(count(asked, 'Very well, and you?'), 1);

      await agent.say(
        [user('Remember the word marigold.'), assistant(first), user('Now, what did I say?')],
        key,
      );
      const edited = lastRequest(agent, 'what did I say');
      assert.equal(count(edited, 'marigold'), 1, edited);
      assert.equal(count(edited, 'heliotrope'), 0, 'an edited history is not what was said before');
    });

    it('finds a conversation without a name by its history', async () => {
      const word = `word-${bus}-anonymous`;
      const first = await agent.say([user(`Remember ${word}.`)]);
      const history = [user(`Remember ${word}.`), assistant(first), user('Now, what did I say?')];
      const { text } = await agent.chat({
        messages: history,
        stream: true,
        stream_options: { include_usage: true },
      });
      const job = await agent.ended(jobOf(chunksOf(text)));
      assert.equal(job.status, 'succeeded');
      const frames = await (await agent.get(`/jobs/${job.id}/events`)).text();
      assert.match(frames, /"resumed":true/);
    });

    it('has a turn in the ledger like every job, with its cost', async () => {
      const job = await agent.ended(jobOf(chunksOf(plain.text)));
      assert.equal(job.kind, 'turn');
      assert.equal(job.status, 'succeeded');
      assert.equal(job.task, 'do the work');
      assert.ok(Number(job.cost_usd) > 0);
      const listed = (await (await agent.get('/jobs?limit=100')).json()) as { jobs: { id: string }[] };
      assert.ok(listed.jobs.some(({ id }) => id === job.id));
    });

    it('gives a cut stream once more from where its reader stands', async () => {
      const { text } = shown;
      const frames = text.split('\n\n').filter((frame) => frame.includes('data: {'));
      const middle = frames[Math.floor(frames.length / 2)] ?? '';
      const id = /^id: (.+)$/m.exec(middle)?.[1] ?? '';
      const job = jobOf(chunksOf(text));
      await agent.ended(job);
      const rest = await fetch(`${agent.url}/v1/chat/completions/chatcmpl-${job}/events`, {
        headers: { 'last-event-id': id },
      });
      const again = await rest.text();
      assert.equal(rest.status, 200, again);
      const upTo = text.slice(0, text.indexOf(middle) + middle.length);
      assert.equal(contentOf(chunksOf(upTo)) + contentOf(chunksOf(again)), TEXT);
      const thought = [upTo, again].map((part) => reasoningOf(chunksOf(part))).join('');
      assert.equal(thought, reasoningOf(chunksOf(text)), 'with its tools');
      assert.ok(again.trimEnd().endsWith('data: [DONE]'));
    });

    // What follows does not depend on the bus.
    if (bus !== 'file') return;

    it('obeys /show-all and /hide-all for the conversation that said so', async () => {
      const mine = { 'x-conversation-id': 'toggles-of-mine' };
      const { text: configured } = await agent.chat({ messages: [user('/show-all')], stream: true }, mine);
      const [, config] = chunksOf(configured);
      assert.equal(config?.choices?.[0]?.x_agenticore_event_type, 'stream_config');
      assert.match(config?.choices?.[0]?.delta.content ?? '', /"show_thinking":true,"show_tools":true/);

      const toggled = [user('/show-all'), assistant(config?.choices?.[0]?.delta.content ?? '')];
      const shown = await agent.chat({ messages: [...toggled, user('do the work')], stream: true }, mine);
      assert.ok(kinds(chunksOf(shown.text)).includes('tool_use'));
      const others = await goOn('do the work');
      assert.ok(
        !kinds(chunksOf(others.text)).includes('tool_use'),
        'one user does not change what another sees',
      );

      await agent.chat({ messages: [user('/hide-all')], stream: true }, mine);
      const again = [...toggled, user('do the work'), assistant(TEXT), user('do the work')];
      const hidden = await agent.chat({ messages: again, stream: true }, mine);
      assert.deepEqual(kinds(chunksOf(hidden.text)), ['text', 'final']);
      assert.equal(contentOf(chunksOf(hidden.text)), 'Both are there: the work is done.');
    });

    it('shows thinking and tools to whoever wants to see them, in the order in which they happened', () => {
      const chunks = chunksOf(shown.text);
      assert.equal(contentOf(chunks), TEXT);
      const order = kinds(chunks);
      assert.deepEqual(order.slice(0, 3), ['thinking', 'text', 'narration']);
      assert.deepEqual(order.slice(-3), ['thinking', 'text', 'final']);
      assert.ok(order.includes('tool_use') && order.includes('tool_result'), order.join(' '));
      assert.match(
        reasoningOf(chunks),
        /Two commands will do\..*tool_use:Bash.*echo first-result.*tool_result.*That is all/s,
      );
    });

    it('answers in one piece to a client that does not stream', async () => {
      const { status, text } = await goOn('do the work', { stream: false });
      assert.equal(status, 200, text);
      const completion = JSON.parse(text);
      assert.equal(completion.object, 'chat.completion');
      assert.equal(completion.choices[0].message.content, TEXT);
      assert.equal(completion.choices[0].finish_reason, 'stop');
      assert.ok(completion.usage.total_tokens > 0);
    });

    it('says nothing secret, whoever says it', async () => {
      const { text } = await goOn('tell me the key', {}, ALL);
      assert.match(text, /\[redacted\]/);
      assert.ok(!text.includes('sk-ant-planted-0123456789abcdefghij'));
      const said = chunksOf(text).map(({ choices }) => {
        const { content = '', reasoning_content: thought = '' } = choices?.[0]?.delta ?? {};
        return content + thought;
      });
      assert.ok(!said.join('').includes('sk-ant-planted'), said.join(''));
    });

    it('leaves Claude without tools when a client goes', async () => {
      const leaving = new AbortController();
      const response = await fetch(`${agent.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...ALL },
        body: JSON.stringify({ model: 'agenticore-agent', stream: true, messages: [user('do the work')] }),
        signal: leaving.signal,
      });
      const reader = response.body?.getReader();
      await reader?.read();
      leaving.abort(new Error('the client goes'));
      const newest = (await (await agent.get('/jobs?limit=1')).json()) as { jobs: { id: string }[] };
      const job = await agent.ended(newest.jobs[0]?.id ?? '');
      assert.ok(['cancelled', 'succeeded'].includes(job.status), job.status);
    });

    it('refuses what it cannot do before anything is started', async () => {
      const before = agent.model.requests.length;
      const refusals: readonly [Record<string, unknown>, number, string | null][] = [
        [{ messages: [] }, 400, 'messages'],
        [{ messages: [user('hi')], n: 2 }, 400, 'n'],
        [{ messages: [user('hi')], model: 'gpt-99' }, 404, 'model'],
        [{ messages: [assistant('hi')] }, 400, 'messages[0].role'],
      ];
      for (const [body, status, param] of refusals) {
        const answer = await agent.chat(body);
        assert.equal(answer.status, status, answer.text);
        assert.equal(JSON.parse(answer.text).error.param, param, answer.text);
      }
      assert.equal(agent.model.requests.length, before);
    });

    it('goes on after a restart with what was said', async () => {
      const key = { 'x-conversation-id': 'restarted' };
      const own = await startAgent(bus, [recall, any]);
      try {
        const first = await own.say([user('Remember the word periwinkle.')], key);
        await own.restart();
        await own.say(
          [user('Remember the word periwinkle.'), assistant(first), user('Now, what did I say?')],
          key,
        );
        const asked = lastRequest(own, 'what did I say');
        assert.equal(count(asked, 'periwinkle'), 1, asked);
        const jobs = (await (await own.get('/jobs?limit=1')).json()) as { jobs: { id: string }[] };
        const frames = await (await own.get(`/jobs/${jobs.jobs[0]?.id}/events`)).text();
        assert.match(frames, /"resumed":true/, 'in the session of before');
        await own.restart();
        assert.deepEqual(
          processesBelow(own.folder).filter((line) => line.includes('attempt')),
          [],
        );
      } finally {
        await own.close();
      }
    });
  });
}

/** What the chunks say they are, repetitions left out. */
function kinds(chunks: readonly Chunk[]): readonly unknown[] {
  const all = chunks.flatMap(({ choices }) => choices?.[0]?.x_agenticore_event_type ?? []);
  return all.filter((kind, at) => kind !== all[at - 1]);
}

const reasoningOf = (chunks: readonly Chunk[]): string =>
  chunks.map(({ choices }) => choices?.[0]?.delta.reasoning_content ?? '').join('');

/** The messages of the last request to the model whose last message contains the text. */
function lastRequest(agent: AgentUnderTest, text: string): string {
  const found = requestWith(agent, text);
  const body = found?.body as { messages?: unknown } | undefined;
  return JSON.stringify(body?.messages);
}

const count = (text: string, part: string): number => text.split(part).length - 1;
