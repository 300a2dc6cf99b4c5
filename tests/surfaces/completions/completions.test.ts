// Single completions over REST, over a use case that is held still.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import express from 'express';
import { systemClock } from '../../../src/adapters/host/system-clock.js';
import type {
  Completion,
  CompletionRequest,
  CompletionStatus,
  Completions,
} from '../../../src/app/turn/completions.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { compileSchema } from '../../../src/runtime/schema.js';
import { addCompletionRoutes } from '../../../src/surfaces/completions/completion-routes.js';
import { authenticate } from '../../../src/surfaces/http/auth.js';
import { beginCall } from '../../../src/surfaces/http/call.js';
import { listen } from '../../../src/surfaces/http/listen.js';
import { handleErrors } from '../../../src/surfaces/http/problem.js';
import { eventually } from '../../support/eventually.js';
import { watchAnswers } from '../../support/watched-answers.js';
import { scriptTurns } from '../openai/scripted-turns.js';

const DONE: Completion = {
  uuid: 'u-1',
  jobId: 'job-1',
  status: 'completed',
  message: 'hi',
  createdAt: 1000,
  startedAt: 2000,
  endedAt: 3000,
  result: 'Hello',
  sessionId: 'session-1',
  costUsd: 0.01,
  durationMs: 1000,
  numTurns: 1,
  usage: { output_tokens: 7 },
  toolUses: [{ id: 'toolu_1', name: 'Bash', input: '{"command":"ls"}' }],
};

const OUTCOME = {
  result: 'Hello',
  session_id: 'session-1',
  cost_usd: 0.01,
  duration_ms: 1000,
  num_turns: 1,
  is_error: false,
  usage: { output_tokens: 7 },
  tool_uses: [{ id: 'toolu_1', name: 'Bash', input: { command: 'ls' } }],
};

interface Desk extends Completions {
  next: Completion | Error;
  until: Promise<void>;
  readonly asked: {
    readonly request: CompletionRequest;
    readonly wait: boolean;
    readonly signal: AbortSignal;
  }[];
  readonly queries: unknown[];
}

function openDesk(): Desk {
  const desk: Desk = {
    next: DONE,
    until: Promise.resolve(),
    asked: [],
    queries: [],
    async complete(request, wait, signal) {
      desk.asked.push({ request, wait, signal });
      await desk.until;
      if (desk.next instanceof Error) throw desk.next;
      return { ...desk.next, uuid: request.uuid };
    },
    async find(uuid, caller) {
      desk.queries.push({ uuid, caller });
      return uuid === DONE.uuid ? DONE : undefined;
    },
    async list(query) {
      desk.queries.push(query);
      return [DONE];
    },
  };
  return desk;
}

async function start(t: { after(done: () => Promise<void>): void }) {
  const desk = openDesk();
  const closing = new AbortController();
  const log = (): void => {};
  const app = express();
  app.set('query parser', 'simple');
  app.use(beginCall({ newRequestId: randomUUID, log, clock: systemClock }));
  app.use(authenticate({ apiKeys: [], allowQueryKey: false }));
  addCompletionRoutes(app, {
    completions: desk,
    turns: scriptTurns(),
    checkRequest: compileSchema('completion-request'),
    limits: { maxBodyBytes: 1024 * 1024 },
    closing: closing.signal,
  });
  app.use(handleErrors(log));
  const watched = watchAnswers(app);
  const options = { host: '127.0.0.1', port: 0, closing, newRequestId: randomUUID };
  const { url, close } = await listen(watched.listener, options);
  t.after(async () => {
    await close();
    watched.assertDescribed();
  });
  const send = (
    body: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> =>
    fetch(`${url}/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  return { desk, url, send };
}

const HI = { message: 'hi', uuid: 'u-1' };

test('whoever waits gets the outcome, with the status of what it came to', async (t) => {
  const { desk, send } = await start(t);
  const response = await send(HI);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('location'), '/completions/u-1');
  assert.deepEqual(await response.json(), { success: true, uuid: 'u-1', ...OUTCOME });

  const { result: _, ...rest } = DONE;
  desk.next = { ...rest, status: 'failed', error: { code: 'CLAUDE_TIMEOUT', message: 'Too long.' } };
  const failed = await send(HI);
  assert.equal(failed.status, 504);
  const body = (await failed.json()) as Record<string, unknown>;
  assert.deepEqual([body.success, body.is_error, body.result, body.error], [false, true, null, 'Too long.']);

  desk.next = { ...rest, status: 'cancelled', error: { code: 'CANCELLED', message: 'Cancelled.' } };
  assert.equal((await send(HI)).status, 500);
});

test('whoever does not wait is told where to come back', async (t) => {
  const { desk, send, url } = await start(t);
  const { endedAt: _, ...open } = DONE;
  desk.next = { ...open, status: 'queued' };
  const response = await send({ ...HI, wait: false });
  assert.equal(response.status, 202);
  const body = (await response.json()) as Record<string, unknown>;
  assert.deepEqual(body, { success: true, status: 'queued', uuid: 'u-1', poll_url: '/completions/u-1' });
  assert.equal(desk.asked[0]?.wait, false);
  const polled = (await (await fetch(`${url}${body.poll_url}`)).json()) as Record<string, unknown>;
  assert.deepEqual(polled, {
    success: true,
    completion: {
      uuid: 'u-1',
      job_id: 'job-1',
      status: 'completed',
      message: 'hi',
      ...OUTCOME,
      created_at: '1970-01-01T00:00:01.000Z',
      started_at: '1970-01-01T00:00:02.000Z',
      ended_at: '1970-01-01T00:00:03.000Z',
      meta: null,
    },
  });
});

test('the fields of a request become a turn', async (t) => {
  const { desk, send } = await start(t);
  await send(
    {
      ...HI,
      model: 'sonnet',
      max_turns: 3,
      system_prompt: 'Be brief.',
      append_system_prompt: true,
      permission_mode: 'plan',
      output_format: 'json',
      effort: 'minimal',
      max_budget_usd: 0.5,
      fallback_model: 'haiku',
      allowed_tools: 'Bash, Read',
      disallowed_tools: ['Write'],
      timeout: 60,
      context: { a: 1 },
      meta: { b: 2 },
      disable_mcp_servers: ['x'],
      callback_url: 'https://example.com/hook',
    },
    { 'x-conversation-id': 'c1', 'x-user-id': 'somebody' },
  );
  assert.deepEqual(desk.asked[0]?.request, {
    uuid: 'u-1',
    meta: { b: 2 },
    callbackUrl: 'https://example.com/hook',
    turn: {
      caller: { name: 'anonymous', user: 'somebody' },
      conversationKey: 'c1',
      remembers: true,
      instructions: 'Be brief.',
      model: 'claude:sonnet',
      history: [],
      prompt: [
        { kind: 'text', text: 'hi' },
        { kind: 'text', text: '\n\nContext, as JSON:\n{"a":1}' },
      ],
      options: {
        effort: 'low',
        timeoutS: 60,
        maxTurns: 3,
        maxBudgetUsd: 0.5,
        permissionMode: 'plan',
        fallbackModel: 'haiku',
        allowedTools: ['Bash', 'Read'],
        disallowedTools: ['Write'],
        disabledMcpServers: ['x'],
      },
      auxiliary: false,
    },
  });
  const zeros = {
    max_turns: 0,
    max_budget_usd: 0,
    timeout: 0,
    model: '',
    effort: '',
    wait: null,
    meta: null,
  };
  await send({ ...HI, ...zeros, stateless: true }, { 'x-conversation-id': 'c1' });
  assert.deepEqual(desk.asked[1], {
    request: {
      uuid: 'u-1',
      turn: {
        caller: { name: 'anonymous' },
        model: 'claude:tester',
        history: [],
        prompt: [{ kind: 'text', text: 'hi' }],
        options: {},
        auxiliary: false,
      },
    },
    wait: true,
    signal: desk.asked[1]?.signal,
  });
  await send({ ...HI, system_prompt: 'Be a cat.', append_system_prompt: false });
  assert.equal(desk.asked[2]?.request.turn.options.systemPrompt, 'Be a cat.');
  assert.equal(desk.asked[2]?.request.turn.instructions, undefined);
});

test('what cannot be done is refused as a problem', async (t) => {
  const { desk, send, url } = await start(t);
  const refused: [object, number, RegExp][] = [
    [{ uuid: 'u' }, 400, /message is required/],
    [{ message: ' ', uuid: 'u' }, 400, /not blank/],
    [{ message: 'hi' }, 400, /uuid is required/],
    [{ message: 'hi', uuid: '../../etc/passwd' }, 400, /letters, digits/],
    [{ message: 'hi', uuid: 'x'.repeat(129) }, 400, /letters, digits/],
    [{ ...HI, callback_url: 'x'.repeat(2049) }, 400, /callback_url/],
    [{ ...HI, model: 'gpt-4o' }, 404, /no model/],
    [{ ...HI, mesage: 'x' }, 400, /did you mean message/],
  ];
  for (const [body, status, says] of refused) {
    const response = await send(body);
    assert.equal(response.status, status);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.match(await response.text(), says);
  }
  assert.deepEqual(desk.asked, []);
  desk.next = new AgenticoreError('AGENT_BUSY');
  const busy = await send(HI);
  assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '5']);
  assert.equal((await fetch(`${url}/completions/nobody`)).status, 404);
  assert.equal((await fetch(`${url}/completions/..%2f..%2fetc`)).status, 404);
  assert.equal(desk.queries.length, 1);
  assert.equal((await fetch(`${url}/completions?status=lost`)).status, 400);
  assert.equal((await fetch(`${url}/completions?limit=0`)).status, 400);
});

test('the list is filtered and bounded', async (t) => {
  const { desk, url } = await start(t);
  const status: CompletionStatus = 'completed';
  const body = (await (await fetch(`${url}/completions?status=${status}&limit=5`)).json()) as Record<
    string,
    unknown
  >;
  assert.deepEqual([body.success, body.count], [true, 1]);
  await fetch(`${url}/completions`);
  const caller = { name: 'anonymous' };
  assert.deepEqual(desk.queries, [
    { caller, status, limit: 5 },
    { caller, limit: 20 },
  ]);
});

test('whoever hangs up stops waiting', async (t) => {
  const { desk, send } = await start(t);
  desk.until = new Promise(() => {});
  const leave = new AbortController();
  const asked = send(HI, {}, leave.signal);
  await eventually('it is asked', () => desk.asked.length === 1);
  leave.abort(new Error('enough'));
  await assert.rejects(asked, /enough/);
  await eventually('the waiting ends', () => desk.asked[0]?.signal.aborted);
});
