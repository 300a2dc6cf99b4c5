// The pool with the real CLI: turns that are stopped, killed or refused, and what becomes of their processes.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Fault, Script, Step } from '../../../scripts/scripted-model/script.js';
import type { PoolDeps } from '../../../src/adapters/claude/pool/pool-deps.js';
import type { TurnEnd, TurnLaunch, TurnOrder } from '../../../src/ports/turn-agent.js';
import { eventually } from '../../support/eventually.js';
import { processesWith, uniqueSleep } from './attempt-kit.js';
import {
  asks,
  isDelta,
  lastSeen,
  makeLaunch,
  makePool,
  makeTurn,
  says,
  startModel,
  startTurn,
  takeTurn,
} from './pool-kit.js';

const script = (...steps: Step[]): Script => ({ name: 'test', steps });
const code = (end: TurnEnd): string => (end.kind === 'failed' ? end.code : end.kind);
const isGone = (text: string) => eventually(`${text} is gone`, () => processesWith(text).length === 0);

async function set(
  t: TestContext,
  scripts: readonly Script[],
  options: Partial<PoolDeps> = {},
  overrides: Partial<TurnLaunch> = {},
) {
  const model = await startModel(t, ...scripts);
  return { model, agent: makePool(t, options), launch: await makeLaunch(model.url, overrides) };
}

describe('a turn that is cut short', { concurrency: 2 }, () => {
  test('in the middle of its text is stopped, and the next one knows nothing of it', async (t) => {
    const { model, agent, launch } = await set(t, [
      { name: 'long', match: 'long', pace: 50, steps: [{ say: 'word '.repeat(400) }] },
      script({ say: 'Fine.' }, { say: 'Fine.' }),
    ]);
    const first = await takeTurn(agent, makeTurn(launch, { prompt: asks('Hello.') }));
    const stopped = startTurn(
      agent,
      makeTurn(launch, { memory: first.session, prompt: asks('Something long.') }),
      (message) => {
        if (isDelta(message)) stopped.stop();
      },
    );
    const end = await stopped.end;
    assert.equal(end.kind, 'stopped');
    assert.equal(stopped.start()?.process, 'kept');
    const said = stopped.messages.length;
    const history = [says('user', 'Hello.'), says('assistant', 'Fine.')];
    const next = makeTurn(launch, { memory: first.session, history, prompt: asks('And now?') });
    const after = await takeTurn(agent, next);
    assert.equal(after.end.kind, 'succeeded');
    assert.notEqual(after.start?.sessionId, first.start?.sessionId);
    assert.deepEqual(lastSeen(model), ['user: Hello.', 'assistant: Fine.', 'user: And now?']);
    assert.equal(stopped.messages.length, said);
    await isGone(first.start?.sessionId ?? '?');
  });

  test('in a tool leaves nothing of the tool, not even what hides from it', async (t) => {
    const sleep = uniqueSleep();
    const command = `setsid nohup sleep ${sleep} >/dev/null 2>&1 & sleep ${sleep}`;
    const call = [{ tool: 'Bash', input: { command, description: 'sleeps' } }];
    const { agent, launch } = await set(t, [script({ call }, { say: 'Slept.' })]);
    const turn = startTurn(agent, makeTurn(launch));
    await eventually('both sleep', () => processesWith(`sleep ${sleep}`).length >= 2);
    turn.stop();
    assert.equal((await turn.end).kind, 'stopped');
    await isGone(sleep);
    await eventually('its place is free', () => agent.state().busy === 0);
  });

  test('by SIGKILL fails, and the conversation goes on in another process', async (t) => {
    const { model, agent, launch } = await set(t, [
      { name: 'hangs', match: 'hang', steps: [{ fault: { kind: 'ping_forever' } }] },
      script({ say: 'Fine.' }, { say: 'Fine.' }),
    ]);
    const first = await takeTurn(agent, makeTurn(launch));
    const killed = startTurn(
      agent,
      makeTurn(launch, { memory: first.session, prompt: asks('Now hang.') }),
      (message) => {
        if (isDelta(message)) process.kill(first.start?.pid ?? 0, 'SIGKILL');
      },
    );
    assert.equal(code(await killed.end), 'CLAUDE_OUT_OF_MEMORY');
    const history = [says('user', 'Hello.'), says('assistant', 'Fine.')];
    const after = await takeTurn(
      agent,
      makeTurn(launch, { memory: first.session, history, prompt: asks('Again.') }),
    );
    assert.equal(code(after.end), 'succeeded');
    assert.equal(after.start?.memory, 'injected');
    assert.deepEqual(lastSeen(model), ['user: Hello.', 'assistant: Fine.', 'user: Again.']);
  });

  test('by its deadline ends with that, wherever it was', async (t) => {
    const hang = script({ fault: { kind: 'hang_before_headers' } });
    const { agent, launch } = await set(t, [hang], { maxProcesses: 1 });
    const late = await takeTurn(agent, makeTurn(launch, { timeoutMs: 2500 }));
    assert.equal(code(late.end), 'CLAUDE_TIMEOUT');
    const unborn = await takeTurn(agent, makeTurn(launch, { timeoutMs: 1 }));
    assert.equal(code(unborn.end), 'CLAUDE_TIMEOUT');
    assert.deepEqual([unborn.start, unborn.messages], [undefined, []]);
  });
});

test('a command left in the background holds up no turn; when it ends later, its process goes and the session stays', async (t) => {
  const command = 'until [ -e go ]; do sleep 0.1; done';
  const call = [{ tool: 'Bash', input: { command, description: 'waits', run_in_background: true } }];
  const { model, agent, launch } = await set(t, [
    { name: 'notice', match: '<task-notification>', steps: [{ say: 'It has ended.' }] },
    { name: 'begin', match: 'Begin', steps: [{ call }, { say: 'It runs.' }] },
    script({ say: 'Fine.' }),
  ]);
  const first = await takeTurn(agent, makeTurn(launch, { prompt: asks('Begin.') }));
  assert.deepEqual([first.end.kind, first.end.answer], ['succeeded', 'It runs.']);
  assert.equal(agent.state().kept, 1);
  const second = await takeTurn(agent, makeTurn(launch, { memory: first.session }));
  assert.deepEqual([second.start?.process, second.end.answer], ['kept', 'Fine.']);
  await writeFile(join(launch.cwd, 'go'), '');
  await eventually('its process is not kept', () => agent.state().kept === 0);
  await isGone(first.start?.sessionId ?? '?');
  const third = await takeTurn(agent, makeTurn(launch, { memory: first.session, prompt: asks('Still?') }));
  assert.deepEqual([third.start?.memory, third.end.kind], ['resumed', 'succeeded']);
  assert.doesNotMatch(JSON.stringify(third.messages), /It has ended/);
  assert.match(lastSeen(model).join(), /Begin\..*It runs\..*Hello\..*Fine\..*Still\?/s);
});

describe('a turn that the model fails', { concurrency: 2 }, () => {
  const failing = async (t: TestContext, fault: Fault, options: Partial<PoolDeps> = {}) => {
    const { agent, launch } = await set(
      t,
      [script({ say: 'one two three four five six', fault }, { say: 'Well again.' })],
      options,
      {},
    );
    const { end } = await takeTurn(agent, makeTurn(launch));
    await eventually('its process is not kept', () => agent.state().kept + agent.state().busy === 0);
    return code(end);
  };

  // By the judge of attempts, whose tests have all the ways to fail.
  test('is told apart by what failed', async (t) => {
    assert.equal(await failing(t, { status: 404 }), 'MODEL_NOT_FOUND');
    assert.equal(await failing(t, { status: 429, retry_after: 3600 }), 'CLAUDE_USAGE_LIMIT');
  });

  test('succeeds all the same when a stream was cut once', async (t) => {
    assert.equal(await failing(t, { kind: 'cut', at: 'after_block' }), 'MODEL_UNREACHABLE');
    const { agent, launch } = await set(t, [
      script({ say: 'one two three four', fault: { kind: 'cut', at: 'mid_block', times: 1 } }),
    ]);
    const { end } = await takeTurn(agent, makeTurn(launch));
    assert.deepEqual([end.kind, end.answer, end.stopReason], ['succeeded', 'one two three four', 'end_turn']);
  });

  test('is ended when the model falls silent', async (t) => {
    assert.equal(await failing(t, { kind: 'ping_forever' }, { silenceMs: 1500 }), 'CLAUDE_SILENT');
  });

  test('is told of flags and folders that do not fit', async (t) => {
    const { agent, launch } = await set(t, []);
    const ends = [];
    for (const wrong of [
      { flags: { 'no-such-flag': 'x' } },
      { flags: { resume: 'x' } },
      { cwd: '/nonexistent' },
    ]) {
      const { end } = await takeTurn(agent, makeTurn({ ...launch, ...wrong }));
      ends.push(code(end));
    }
    assert.deepEqual(ends, ['BROKEN_PACKAGE', 'BROKEN_PACKAGE', 'WORKSPACE_FAILED']);
  });
});

describe('what is said to claude', { concurrency: 2 }, () => {
  test('is text, but for the commands of the package', async (t) => {
    const steps = Array.from({ length: 9 }, () => ({ say: 'Yes.' }));
    const { model, agent, launch } = await set(t, [script(...steps)], {}, { commands: ['context'] });
    let memory: TurnOrder['memory'] = { kind: 'none' };
    for (const text of ['/help me', '@/etc/passwd', '/contextual', '-p', ' /cost', '# heading', '!ls']) {
      const turn = await takeTurn(agent, makeTurn(launch, { memory, prompt: asks(text) }));
      assert.equal(turn.end.kind, 'succeeded');
      assert.equal(lastSeen(model).at(-1), `user: ${text.trim()}`);
      memory = turn.session;
    }
    assert.doesNotMatch(JSON.stringify(model.requests), /root:x:0/);
    const before = model.requests.length;
    const { end, start } = await takeTurn(agent, makeTurn(launch, { memory, prompt: asks('/context') }));
    assert.equal(start?.process, 'kept');
    assert.match(end.answer ?? '', /Context Usage/);
    assert.equal(model.requests.slice(before).filter(({ path }) => path === '/v1/messages').length, 0);
  });

  test('replaces its system prompt when it should, for each conversation its own', async (t) => {
    const { model, agent, launch } = await set(t, [script({ say: 'Yes.' }, { say: 'Yes.' })]);
    const systemPrompt = { mode: 'replace', text: 'You are a parrot.' } as const;
    const first = await takeTurn(agent, makeTurn(launch, { systemPrompt }));
    const system = JSON.stringify(model.requests.at(-1)?.body);
    assert.match(system, /You are a parrot\./);
    assert.doesNotMatch(system, /You are an interactive/);
    const other = { mode: 'replace', text: 'You are a crow.' } as const;
    const second = await takeTurn(agent, makeTurn(launch, { systemPrompt: other, memory: first.session }));
    assert.deepEqual([second.start?.process, second.start?.memory], ['cold', 'resumed']);
    const changed = JSON.stringify(model.requests.at(-1)?.body);
    assert.match(changed, /You are a crow\./);
    assert.doesNotMatch(changed, /parrot/);
  });

  test('may ask for an answer of a certain form', async (t) => {
    const answer = { a: 'b' };
    const { agent, launch } = await set(
      t,
      [script({ call: [{ tool: 'StructuredOutput', input: answer }] }, { say: 'Done.' })],
      {},
      { flags: { tools: [], 'json-schema': '{"type":"object","properties":{"a":{"type":"string"}}}' } },
    );
    const { end } = await takeTurn(agent, makeTurn(launch));
    assert.equal(end.kind, 'succeeded');
    assert.deepEqual(end.structuredOutput, answer);
  });
});
