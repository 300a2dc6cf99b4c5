// A claude that floods, hangs, lies and dies: what the driver makes of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import { fakeAgent, makeOrder, processesWith, record } from './attempt-kit.js';

describe('a claude that says odd things, or dies', () => {
  test('the task arrives on stdin with a newline in front, however it begins', async (t) => {
    for (const task of ['/clear', '-p', `@/etc/passwd ${'long '.repeat(20_000)}`, '']) {
      const end = await record(await fakeAgent(t, 'echo'), await makeOrder(t, { task })).end;
      assert.equal(end.kind, 'succeeded');
      assert.equal(end.answer, `\n${task}`);
    }
  });

  test('the environment holds what the driver and the order say, and nothing of its own process', async (t) => {
    const order = await makeOrder(t, { env: { LANG: 'de_DE.UTF-8', HOME: '/root', PASSED: 'yes' } });
    process.env.AGENTICORE_TEST_SECRET = 'secret';
    t.after(() => delete process.env.AGENTICORE_TEST_SECRET);
    const end = await record(await fakeAgent(t, 'environment'), order).end;
    const {
      PWD: _pwd,
      SHLVL: _level,
      _: _last,
      OLDPWD: _old,
      ...environment
    } = JSON.parse(end.answer ?? '{}');
    const { AGENTICORE_ATTEMPT: tag, ...rest } = environment;
    assert.match(tag, new RegExp(`^${order.tag}@${process.pid}\\.\\d+$`));
    assert.deepEqual(rest, {
      API_TIMEOUT_MS: '240000',
      CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
      CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
      CLAUDE_CODE_MAX_RETRIES: '8',
      CLAUDE_CODE_OTEL_SHUTDOWN_TIMEOUT_MS: '1000',
      CLAUDE_CODE_TMPDIR: `${order.jobDir}/tmp`,
      CLAUDE_CONFIG_DIR: `${order.jobDir}/claude`,
      DISABLE_AUTOUPDATER: '1',
      HOME: `${order.jobDir}/home`,
      ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
      LANG: 'de_DE.UTF-8',
      PASSED: 'yes',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      TERM: 'dumb',
      TMPDIR: `${order.jobDir}/tmp`,
    });
  });

  test('a line of 20 MB is delivered whole', async (t) => {
    const { messages, end } = record(await fakeAgent(t, 'long-line 20'), await makeOrder(t));
    assert.equal((await end).kind, 'succeeded');
    assert.equal(messages[0]?.type, 'user');
    assert.equal(
      messages[0]?.line.length,
      20 * 1024 * 1024 + '{"type":"user","message":{"content":""}}'.length,
    );
  });

  test('a line longer than what is kept becomes its size, hash and beginning, in bounded memory', async (t) => {
    const agent = await fakeAgent(t, 'long-line 100', { maxLineBytes: 8 * 1024 * 1024 });
    const before = process.memoryUsage.rss();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 5);
    const { messages, end } = record(agent, await makeOrder(t));
    assert.equal((await end).kind, 'succeeded');
    clearInterval(watch);
    const whole = `{"type":"user","message":{"content":"${'x'.repeat(100 * 1024 * 1024)}"}}`;
    const { preview, ...rest } = messages[0]?.message ?? {};
    const sha256 = createHash('sha256').update(whole).digest('hex');
    assert.deepEqual(rest, { type: 'oversized', of: 'user', bytes: whole.length, sha256 });
    assert.ok(String(preview).startsWith('{"type":"user"') && String(preview).length <= 4096);
    assert.ok(peak - before < 80 * 1024 * 1024, `grew by ${Math.round((peak - before) / 1e6)} MB`);
  });

  test('lines that are no messages are passed on as such, and half a line at the end too', async (t) => {
    const { messages, end } = record(await fakeAgent(t, 'garbage'), await makeOrder(t));
    assert.equal((await end).kind, 'succeeded');
    const seen = messages.map(({ type, message }) => (type === 'unparsed' ? message.text : type));
    const garbage = ['not json', '[1,2]', '{"half":', '"a string"', '{"type":7}', 'some \u0000 bytes \u00ff'];
    assert.deepEqual(seen, [...garbage, 'something_new', 'result', '{"type":"unfini']);
    for (const { line } of messages) assert.doesNotThrow(() => JSON.parse(line));
  });

  test('exit 0 with an error result is a failure in its own words', async (t) => {
    const end = await record(await fakeAgent(t, 'error-with-exit-0'), await makeOrder(t)).end;
    assert.equal(end.kind === 'failed' && end.code, 'CLAUDE_BAD_REQUEST');
    assert.match(end.kind === 'failed' ? end.error : '', /I am a teapot/);
    assert.equal(end.exitCode, 0);
  });

  test('a success that is said while somebody else ends the process is none', async (t) => {
    const end = await record(await fakeAgent(t, 'success-then-143'), await makeOrder(t)).end;
    assert.equal(end.kind === 'failed' && end.code, 'CLAUDE_CRASHED');
  });

  test('one that dies without a result has crashed, with its last words', async (t) => {
    const end = await record(await fakeAgent(t, 'crash'), await makeOrder(t)).end;
    assert.equal(end.kind === 'failed' && end.code, 'CLAUDE_CRASHED');
    assert.match(end.kind === 'failed' ? end.error : '', /exit code 3.*Segmentation of the fault/);
  });

  test('one that is killed by the system was most likely out of memory', async (t) => {
    const end = await record(await fakeAgent(t, 'out-of-memory'), await makeOrder(t)).end;
    assert.equal(end.kind === 'failed' && end.code, 'CLAUDE_OUT_OF_MEMORY');
  });

  test('a signal that came before the start starts nothing', async (t) => {
    const started = { started: () => assert.fail(), message: () => assert.fail() };
    const end = await (await fakeAgent(t, 'echo')).run(await makeOrder(t), started, AbortSignal.abort());
    assert.equal(end.kind, 'stopped');
  });
});

describe('a claude that does not come to an end by itself', { concurrency: true }, () => {
  test('a flood is held back by a slow listener, and ended by the deadline', async (t) => {
    const order = await makeOrder(t, { timeoutMs: 1000 });
    const { messages, end } = record(await fakeAgent(t, 'flood'), order, async () => {
      messages.length = 0;
      await new Promise((resolve) => setTimeout(resolve, 1));
    });
    const ended = await end;
    assert.equal(ended.kind === 'failed' && ended.code, 'CLAUDE_TIMEOUT');
    assert.deepEqual(processesWith(order.sessionId), []);
  });

  test('one that ignores interrupts and signals is killed', async (t) => {
    const order = await makeOrder(t);
    const { messages, end, stop } = record(await fakeAgent(t, 'stubborn'), order);
    await eventually('claude speaks', () => messages.length > 0);
    stop();
    const ended = await end;
    assert.equal(ended.kind, 'stopped');
    assert.equal(ended.exitCode, null);
    assert.deepEqual(processesWith(order.sessionId), []);
  });

  test('one that says nothing and reads nothing is ended after the silence allowed, even with a large task', async (t) => {
    const order = await makeOrder(t, { task: 'x'.repeat(5 * 1024 * 1024) });
    const end = await record(await fakeAgent(t, 'silent', { silenceMs: 300 }), order).end;
    assert.equal(end.kind === 'failed' && end.code, 'CLAUDE_SILENT');
  });

  test('silence while a tool runs is normal', async (t) => {
    const agent = await fakeAgent(t, 'silent-during-a-tool', { silenceMs: 3000 });
    const end = await record(agent, await makeOrder(t)).end;
    assert.equal(end.kind, 'succeeded');
  });

  test('a listener that takes long is no silence of claude', async (t) => {
    const agent = await fakeAgent(t, 'echo', { silenceMs: 3000 });
    const end = await record(
      agent,
      await makeOrder(t),
      () => new Promise((resolve) => setTimeout(resolve, 4500)),
    ).end;
    assert.equal(end.kind, 'succeeded');
  });

  test('retrying for ever is a silence of the model', async (t) => {
    const end = await record(await fakeAgent(t, 'retrying-for-ever', { silenceMs: 3000 }), await makeOrder(t))
      .end;
    assert.equal(end.kind === 'failed' && end.code, 'MODEL_UNREACHABLE');
  });

  test('a claude that left something running is waited for only so long, and its result counts', async (t) => {
    const agent = await fakeAgent(t, 'server-in-the-background', { backgroundMs: 200 });
    const end = await record(agent, await makeOrder(t)).end;
    assert.equal(end.kind, 'succeeded');
    assert.equal(end.answer, 'the server runs');
  });

  test('the first result is not the end while an agent works in the background; the counters add up', async (t) => {
    const end = await record(await fakeAgent(t, 'two-turns'), await makeOrder(t)).end;
    assert.deepEqual(end, {
      kind: 'succeeded',
      exitCode: 0,
      costUsd: 1.5,
      numTurns: 5,
      usage: { input_tokens: 20, cache: { hits: 2 }, speed: 'standard' },
      answer: 'second',
    });
  });

  test('a listener that throws stops claude, and the attempt rejects with its error', async (t) => {
    const order = await makeOrder(t);
    const { end } = record(await fakeAgent(t, 'stubborn'), order, () => {
      throw new Error('the bus is gone');
    });
    await assert.rejects(end, /the bus is gone/);
    assert.deepEqual(processesWith(order.sessionId), []);
  });
});
