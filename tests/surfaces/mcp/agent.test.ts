// What an MCP client finds at an agent: one tool, which is POST /completions, over a use case that is held still.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Completion, CompletionRequest, Completions } from '../../../src/app/turn/completions.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { eventually } from '../../support/eventually.js';
import { startTurn } from '../../support/ledger.js';
import { startTestServer, type TestServer } from '../http/test-server.js';
import { scriptTurns } from '../openai/scripted-turns.js';
import { call, connectClient } from './mcp-client.js';

interface Desk extends Completions {
  known: boolean;
  completion: Partial<Completion>;
  refuse?: AgenticoreError;
  readonly asked: { readonly request: CompletionRequest; readonly wait: boolean }[];
}

function openDesk(): Desk {
  const desk: Desk = {
    known: false,
    completion: {},
    asked: [],
    async complete(request, wait, signal) {
      desk.asked.push({ request, wait });
      if (desk.refuse) throw desk.refuse;
      // The first look is to begin it; whoever then waits, waits until they have had enough.
      if (!signal.aborted && desk.completion.endedAt === undefined && wait)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { ...OPEN, ...desk.completion, uuid: request.uuid };
    },
    find: async () => (desk.known ? { ...OPEN, ...desk.completion } : undefined),
    list: async () => [],
  };
  return desk;
}

const OPEN: Completion = {
  ...{ uuid: 'u-1', jobId: 'job-1', status: 'running', message: 'hi', createdAt: 1000, startedAt: 2000 },
  toolUses: [],
};
const DONE: Partial<Completion> = {
  ...{ status: 'completed', endedAt: 3000, result: 'Hello', sessionId: 's', costUsd: 0.01, durationMs: 1000 },
  ...{ numTurns: 1, usage: { output_tokens: 7 } },
  toolUses: [{ id: 't', name: 'Bash', input: '{"command":"ls"}' }],
};

async function startAgent(t: {
  after(done: () => Promise<void>): void;
}): Promise<{ desk: Desk; server: TestServer }> {
  const desk = openDesk();
  const turns = scriptTurns();
  const server = await startTestServer(t, {
    change: (deps) => ({
      ...deps,
      agent: {
        addRoutes: () => {}, // chat clients have tests of their own
        completions: {
          ...{ completions: desk, turns, checkRequest: () => [] },
          ...{ limits: { maxBodyBytes: 1024 }, closing: deps.closing },
        },
      },
    }),
  });
  return { desk, server };
}

test('an agent offers itself and nothing of a fleet', async (t) => {
  const { desk, server } = await startAgent(t);
  const client = await connectClient(t, server.url, { headers: { 'x-conversation-id': 'c1' } });
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['agent_completions'],
  );
  assert.deepEqual((await client.listResources()).resources, []);
  assert.deepEqual((await client.listPrompts()).prompts, []);

  desk.completion = DONE;
  const callback_url = 'https://example.com/hook';
  const args = { message: 'hi', uuid: 'u-1', model: 'sonnet', context: { a: 1 }, callback_url };
  assert.deepEqual(await call(client, 'agent_completions', args), {
    ...{ success: true, uuid: 'u-1', job_id: 'job-1', status: 'completed', result: 'Hello', session_id: 's' },
    ...{ cost_usd: 0.01, duration_ms: 1000, num_turns: 1, is_error: false, usage: { output_tokens: 7 } },
    tool_uses: [{ id: 't', name: 'Bash', input: { command: 'ls' } }],
  });
  const [first] = desk.asked;
  assert.equal(first?.request.turn.conversationKey, 'c1');
  assert.equal(first?.request.turn.model, 'claude:sonnet');
  assert.equal(first?.request.callbackUrl, callback_url);

  const unnamed = await call(client, 'agent_completions', { message: 'hi', wait: false });
  assert.match(String(unnamed.uuid), /^[0-9a-f-]{36}$/);
  assert.equal(desk.asked.at(-1)?.wait, false);

  desk.completion = { ...DONE, status: 'failed', error: { code: 'CLAUDE_TIMEOUT', message: 'Too long.' } };
  const failed = await call(client, 'agent_completions', { message: 'hi' });
  assert.deepEqual([failed.success, failed.is_error, failed.error], [false, true, 'Too long.']);
});

test('a turn that takes longer goes on, and is asked for by its uuid', async (t) => {
  const { desk, server } = await startAgent(t);
  const client = await connectClient(t, server.url);
  const open = await call(client, 'agent_completions', { message: 'hi', uuid: 'u-2', wait_seconds: 1 });
  assert.deepEqual([open.status, open.uuid], ['running', 'u-2']);
  assert.match(String(open.next), /again with uuid u-2/);
  desk.refuse = new AgenticoreError('AGENT_BUSY');
  assert.equal((await call(client, 'agent_completions', { message: 'hi' })).code, 'AGENTICORE_AGENT_BUSY');
  assert.equal((await call(client, 'agent_completions', { uuid: 'u-3' })).code, 'AGENTICORE_INVALID_REQUEST');
});

test('calling off cancels a turn that this call began, and no other', async (t) => {
  const { desk, server } = await startAgent(t);
  const client = await connectClient(t, server.url);
  for (const known of [true, false]) {
    const jobId = await startTurn(server.bus.events);
    desk.known = known;
    desk.completion = { jobId };
    desk.asked.length = 0;
    const enough = new AbortController();
    const answer = client.callTool({ name: 'agent_completions', arguments: { message: 'hi' } }, undefined, {
      signal: enough.signal,
    });
    await eventually('it waits', () => desk.asked.length === (known ? 1 : 2));
    enough.abort();
    await assert.rejects(answer);
    if (!known)
      await eventually(
        'it is asked to stop',
        async () => (await server.bus.events.load(jobId))?.job.cancelRequested,
      );
    else assert.equal((await server.bus.events.load(jobId))?.job.cancelRequested, false);
  }
});
