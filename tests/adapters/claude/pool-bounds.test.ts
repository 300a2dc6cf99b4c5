// How many processes the pool has, which it ends to make room, and which it does not use again. With a claude that
// starts at once and does what the real one cannot be made to.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PoolDeps } from '../../../src/adapters/claude/pool/pool-deps.js';
import type { TurnEnd } from '../../../src/ports/turn-agent.js';
import { eventually } from '../../support/eventually.js';
import { tempDir } from '../../support/temp-dir.js';
import { processesWith } from './attempt-kit.js';
import { asks, makeLaunch, makePool, makeTurn, startTurn, takeTurn } from './pool-kit.js';

/** A pool of tests/support/chatty-claude.ts, and a launch for it. */
async function set(t: TestContext, options: Partial<PoolDeps> = {}, way = 'plain') {
  const directory = await tempDir(t);
  const binary = join(directory, 'claude');
  const starts = join(directory, 'starts');
  const program = fileURLToPath(new URL('../../support/chatty-claude.js', import.meta.url));
  await writeFile(binary, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${starts}' ${way} "$@"\n`);
  await chmod(binary, 0o755);
  const agent = makePool(t, { binary, ...options });
  const launch = await makeLaunch('');
  return {
    agent,
    launch,
    /** Processes that live. */
    living: () => processesWith(starts),
    /** How many were started so far. */
    started: () => (existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n').length : 0),
  };
}

const code = (end: TurnEnd): string => (end.kind === 'failed' ? end.code : end.kind);

describe('the places of a pool', { concurrency: 2 }, () => {
  test('are never more than there are, and the one that is missed least makes room', async (t) => {
    const { agent, launch, living } = await set(t, { maxProcesses: 3 });
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, living().length);
    }, 5);
    t.after(() => clearInterval(watch));
    const other = { ...launch, key: 'another' };
    await agent.prepare(other, 1);
    const turn = (conversation: string) => takeTurn(agent, makeTurn(launch, { conversation }));
    const a = await turn('a');
    const b = await turn('b');
    assert.deepEqual(agent.state(), { warm: 1, kept: 2, busy: 0 });
    const c = await turn('c'); // in the place of the one that was started for others
    assert.deepEqual(agent.state(), { warm: 0, kept: 3, busy: 0 });
    const stillB = await takeTurn(agent, makeTurn(launch, { conversation: 'a', memory: a.session }));
    assert.equal(stillB.start?.pid, a.start?.pid);
    await turn('d'); // in the place of b, which was idle for the longest time
    assert.deepEqual(agent.state(), { warm: 0, kept: 3, busy: 0 });
    assert.ok(!living().includes(b.start?.pid ?? 0));
    for (const kept of [a, c]) assert.ok(living().includes(kept.start?.pid ?? 0));
    const many = await Promise.all(['e', 'f', 'g'].map(turn));
    assert.deepEqual(
      many.map(({ end }) => end.kind),
      ['succeeded', 'succeeded', 'succeeded'],
    );
    assert.ok(peak <= 3, `there were ${peak}`);
  });

  test('are waited for when all are in turns, until the turn is stopped', async (t) => {
    const { agent, launch } = await set(t, { maxProcesses: 1 });
    const first = startTurn(agent, makeTurn(launch, { prompt: asks('wait for ever') }));
    await eventually('it has begun', () => first.messages.length > 0);
    const waiting = startTurn(agent, makeTurn(launch, { conversation: 'two' }));
    const stopped = startTurn(agent, makeTurn(launch, { conversation: 'three' }));
    stopped.stop();
    assert.equal((await stopped.end).kind, 'stopped');
    assert.equal(stopped.start(), undefined);
    assert.equal(waiting.start(), undefined);
    first.stop();
    assert.equal((await waiting.end).kind, 'succeeded');
  });

  test('are waited for until a turn is over, even if its process would be kept', async (t) => {
    const { agent, launch } = await set(t, { maxProcesses: 1 });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = startTurn(agent, makeTurn(launch), () => held);
    await eventually('it has begun', () => first.messages.length > 0);
    const second = startTurn(agent, makeTurn(launch, { conversation: 'two' }));
    release();
    const kinds = [await first.end, await second.end].map(({ kind }) => kind);
    assert.deepEqual(kinds, ['succeeded', 'succeeded']);
    assert.deepEqual(agent.state(), { warm: 0, kept: 1, busy: 0 });
  });

  test('are given to one turn of a conversation at a time', async (t) => {
    const { agent, launch } = await set(t);
    const first = startTurn(agent, makeTurn(launch, { prompt: asks('wait for ever') }));
    await assert.rejects(agent.run(makeTurn(launch), { started() {}, message() {} }, AbortSignal.abort()));
    first.stop();
    assert.equal((await first.end).kind, 'stopped');
  });
});

describe('processes that are started ahead', { concurrency: 2 }, () => {
  test('are replaced when they are taken, die, or are of an earlier launch', async (t) => {
    const { agent, launch, living } = await set(t);
    await agent.prepare(launch, 2);
    await eventually('two are warm', () => agent.state().warm === 2);
    const before = living();
    const { start } = await takeTurn(agent, makeTurn(launch, { conversation: 'a' }));
    assert.equal(start?.process, 'warm');
    assert.ok(before.includes(start.pid));
    await eventually('one is replaced', () => agent.state().warm === 2);
    agent.release('a');
    await eventually('it is gone', () => !living().includes(start.pid));
    const [victim = 0] = living();
    process.kill(victim, 'SIGKILL');
    await eventually('another is there', () => agent.state().warm === 2 && !living().includes(victim));
    const older = living();
    await agent.prepare({ ...launch, key: 'newer' }, 1);
    await eventually('the older ones are gone', () => older.every((pid) => !living().includes(pid)));
    await eventually('a newer one is there', () => agent.state().warm === 1);
  });

  test('are not tried for ever without a pause when they cannot live', async (t) => {
    const { agent, launch, started } = await set(t, {}, 'dies');
    await agent.prepare(launch, 2);
    assert.deepEqual(agent.state(), { warm: 0, kept: 0, busy: 0 });
    await eventually('it is tried again', () => started() >= 4);
    assert.ok(started() <= 6, `${started()} starts`);
    const { end } = await takeTurn(agent, makeTurn(launch));
    assert.equal(code(end), 'CLAUDE_CRASHED');
    const missing = makePool(t, { binary: '/nonexistent/claude' });
    await missing.prepare(launch, 2);
    assert.equal(code((await takeTurn(missing, makeTurn(launch))).end), 'CLAUDE_NOT_FOUND');
  });
});

describe('a process', { concurrency: 2 }, () => {
  const next = async (t: TestContext, prompt: string, options: Partial<PoolDeps> = {}) => {
    const pool = await set(t, options);
    const first = await takeTurn(pool.agent, makeTurn(pool.launch, { prompt: asks(prompt) }));
    assert.equal(first.end.kind, 'succeeded');
    return { ...pool, first };
  };

  test('that mutters between two turns is kept', async (t) => {
    const { agent, launch, first } = await next(t, 'answer, then mutter');
    const second = await takeTurn(agent, makeTurn(launch, { memory: first.session }));
    assert.equal(second.start?.pid, first.start?.pid);
  });

  test('that speaks between two turns, or leaves, is not used again', async (t) => {
    for (const prompt of ['answer, then speak', 'answer, then go on', 'answer, then leave']) {
      const { agent, launch, first, living } = await next(t, prompt);
      await eventually('it is gone', () => living().length === 0);
      const second = await takeTurn(agent, makeTurn(launch, { memory: first.session }));
      assert.notEqual(second.start?.pid, first.start?.pid);
      assert.equal(second.end.answer, '"\\nHello."');
      assert.doesNotMatch(JSON.stringify(second.messages), /background|afterthought/);
    }
  });

  test('is kept only while it is young, small, little used, and not idle for too long', async (t) => {
    const bounds: readonly Partial<PoolDeps>[] = [
      { maxAgeMs: -1 },
      { maxRssBytes: 1 },
      { maxTurnsPerProcess: 1 },
      { idleMs: 1 },
    ];
    for (const bound of bounds) {
      const { agent, living } = await next(t, 'answer', bound);
      await eventually(`${JSON.stringify(bound)} ends it`, () => living().length === 0);
      assert.deepEqual(agent.state(), { warm: 0, kept: 0, busy: 0 });
    }
    // claude counts what a process has cost, not a turn.
    const { agent, launch, living } = await set(t);
    await takeTurn(agent, makeTurn({ ...launch, flags: { 'max-budget-usd': 1 } }));
    await eventually('it is gone', () => living().length === 0);
  });

  test('that takes no system prompt serves no turn', async (t) => {
    const { agent, launch } = await set(t, {}, 'refuses');
    assert.equal(code((await takeTurn(agent, makeTurn(launch))).end), 'CLAUDE_ERROR');
  });

  test('that clings to life does not hold up its turn longer than an interrupt may take, and is killed', async (t) => {
    const { agent, launch, living } = await set(t, {}, 'clings');
    const turn = startTurn(agent, makeTurn(launch, { prompt: asks('wait for ever') }));
    await eventually('it has begun', () => turn.messages.length > 0);
    turn.stop();
    assert.equal((await turn.end).kind, 'stopped');
    assert.equal(living().length, 1);
    await eventually('it is gone', () => living().length === 0);
  });

  test('whose listener breaks is ended, and the turn rejects with what the listener threw', async (t) => {
    const { agent, launch, living } = await set(t);
    const breaks = async (): Promise<never> => {
      throw new Error('the listener is broken');
    };
    const listener = { started() {}, message: breaks };
    await assert.rejects(agent.run(makeTurn(launch), listener, new AbortController().signal), /is broken/);
    await eventually('it is gone', () => living().length === 0);
  });

  test('reads no further than its listener lets it', async (t) => {
    const { agent, launch } = await set(t);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const turn = startTurn(agent, makeTurn(launch), () => held);
    await eventually('the first is there', () => turn.messages.length === 1);
    release();
    assert.equal((await turn.end).kind, 'succeeded');
    assert.ok(turn.messages.length >= 4);
  });

  test('is gone when the pool is closed, whatever it was doing; nothing is started any more', async (t) => {
    const { agent, launch, living, started } = await set(t, { maxProcesses: 4 });
    await agent.prepare(launch, 1);
    await takeTurn(agent, makeTurn(launch, { conversation: 'kept' }));
    const busy = startTurn(agent, makeTurn(launch, { prompt: asks('wait for ever') }));
    await eventually('it has begun', () => busy.messages.length > 0);
    await agent.close();
    assert.deepEqual(living(), []);
    assert.equal((await busy.end).kind, 'stopped');
    const before = started();
    assert.equal((await takeTurn(agent, makeTurn(launch))).end.kind, 'stopped');
    await agent.prepare(launch, 1);
    assert.equal(started(), before);
  });
});
