// What becomes of claude when its worker is killed: the guard at once, or the sweep of the next worker.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startScriptedModel } from '../../../scripts/scripted-model/server.js';
import { createGuard } from '../../../src/adapters/host/attempt/guard.js';
import { sweepOrphans } from '../../../src/adapters/host/attempt/sweep.js';
import type { AgentOrder } from '../../../src/ports/agent.js';
import { eventually } from '../../support/eventually.js';
import {
  makeOrder,
  modelEnvironment,
  processesWith,
  quiet,
  realAgent,
  record,
  uniqueSleep,
} from './attempt-kit.js';

/** An order whose claude sleeps in a tool call, and in another that hides from its process group. */
async function sleepingOrder(
  t: TestContext,
  sleep: string,
  command = `setsid nohup sleep ${sleep} >/dev/null 2>&1 & sleep ${sleep}`,
): Promise<AgentOrder> {
  const steps = [{ call: [{ tool: 'Bash', input: { command, description: 'sleeps' } }] }, { say: 'Slept.' }];
  const model = await startScriptedModel({ scripts: [{ name: 'sleeps', steps }] });
  t.after(() => model.close());
  return makeOrder(t, { env: modelEnvironment(model.url) });
}

/** Starts tests/support/claude-owner.ts in a process group of its own. */
function startOwner(
  t: TestContext,
  order: AgentOrder,
  ...options: string[]
): ChildProcess & { readonly pid: number } {
  const program = fileURLToPath(new URL('../../support/claude-owner.js', import.meta.url));
  const owner = spawn(process.execPath, [program, JSON.stringify(order), ...options], {
    detached: true,
    stdio: 'ignore',
  });
  t.after(() => owner.kill('SIGKILL'));
  const { pid } = owner;
  assert.ok(pid !== undefined);
  return Object.assign(owner, { pid });
}

const asleep = (sleep: string) => eventually('both sleep', () => processesWith(`sleep ${sleep}`).length >= 2);
const isGone = (text: string) => eventually(`${text} is gone`, () => processesWith(text).length === 0);
const guardOf = (pid: number) => processesWith(`guard-process.js ${pid}.`);

// One after the other: the sweep of the second would do the work of the guard in the first.
describe('a worker that is killed', () => {
  test('with its process group: the guard ends claude and its tools within seconds, and leaves last', async (t) => {
    const sleep = uniqueSleep();
    const order = await sleepingOrder(t, sleep);
    const owner = startOwner(t, order);
    await asleep(sleep);
    const [guard = 0] = guardOf(owner.pid);
    // Whoever stops a whole container sends this to everybody in it.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(guard, signal);
    process.kill(-owner.pid, 'SIGKILL');
    await isGone(sleep);
    await isGone(order.sessionId);
    await eventually('the guard has left', () => guardOf(owner.pid).length === 0);
  });

  test('while a tool runs that shed its environment, session and parents: the guard finds it by its folder', async (t) => {
    const sleep = uniqueSleep();
    const hiding = `(env -i setsid sh -c '(setsid sleep ${sleep} &)' >/dev/null 2>&1 </dev/null &)`;
    const order = await sleepingOrder(t, sleep, `${hiding}; sleep ${sleep}`);
    const owner = startOwner(t, order);
    await asleep(sleep);
    process.kill(-owner.pid, 'SIGKILL');
    await isGone(sleep);
    await eventually('the guard has left', () => guardOf(owner.pid).length === 0);
  });

  test('without a guard: the next worker ends what it finds, and spares what a living worker runs', async (t) => {
    const [dead, living] = [uniqueSleep(), uniqueSleep()];
    const deadOrder = await sleepingOrder(t, dead);
    const owner = startOwner(t, deadOrder, 'unguarded');
    const spared = record(realAgent(), await sleepingOrder(t, living));
    await Promise.all([asleep(dead), asleep(living)]);
    owner.kill('SIGKILL');
    await eventually('the owner is dead', () => owner.signalCode !== null);
    await sweepOrphans({ log: quiet });
    assert.deepEqual(processesWith(dead), []);
    assert.deepEqual(processesWith(deadOrder.sessionId), []);
    assert.ok(processesWith(`sleep ${living}`).length >= 2, 'the other attempt sleeps on');
    spared.stop();
    await spared.end;
    assert.deepEqual(processesWith(living), []);
  });
});

describe('what an earlier attempt has left', () => {
  const jobOf = ({ tag }: AgentOrder): string => tag.slice(0, tag.lastIndexOf('.'));

  test('is ended before another goes on in its place, with what hides there; other jobs are spared', async (t) => {
    const [dead, other] = [uniqueSleep(), uniqueSleep()];
    const hiding = `(env -i setsid sh -c '(setsid sleep ${dead} &)' >/dev/null 2>&1 </dev/null &)`;
    const order = await sleepingOrder(t, dead, `${hiding}; sleep ${dead}`);
    const owner = startOwner(t, order, 'unguarded');
    // Of a living worker: what a dead one leaves is ended by any worker that starts on this machine meanwhile.
    const spared = record(realAgent(), await sleepingOrder(t, other));
    await Promise.all([asleep(dead), asleep(other)]);
    owner.kill('SIGKILL');
    await eventually('the owner is dead', () => owner.signalCode !== null);
    assert.equal(await realAgent().endLeftovers(jobOf(order), order.cwd), true);
    assert.deepEqual(processesWith(dead), []);
    assert.deepEqual(processesWith(order.sessionId), []);
    assert.ok(processesWith(`sleep ${other}`).length >= 2);
    assert.equal(await realAgent().endLeftovers(jobOf(order), order.cwd), true, 'nothing is nothing');
    spared.stop();
    await spared.end;
  });

  test('is not touched, and not certain to be over, while its worker lives', async (t) => {
    const sleep = uniqueSleep();
    const order = await sleepingOrder(t, sleep);
    const running = record(realAgent(), order);
    await asleep(sleep);
    assert.equal(await realAgent().endLeftovers(jobOf(order), order.cwd), false);
    assert.ok(processesWith(`sleep ${sleep}`).length >= 2);
    running.stop();
    await running.end;
    assert.equal(await realAgent().endLeftovers(jobOf(order), order.cwd), true);
  });
});

describe('the guard', () => {
  test('leaves when its worker closes it, and when its worker simply ends', async (t) => {
    const guard = createGuard({ log: quiet });
    guard.arm();
    await eventually('the guard runs', () => guardOf(process.pid).length === 1);
    await guard.close();
    assert.deepEqual(guardOf(process.pid), []);

    const url = new URL('../../../src/adapters/host/attempt/guard.js', import.meta.url).href;
    const log = '()=>{}';
    const worker = `const {createGuard}=await import('${url}'); createGuard({log:${log}}).arm(); console.log('armed')`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', worker], { stdio: 'ignore' });
    t.after(() => owner.kill('SIGKILL'));
    await eventually('the worker has ended by itself', () => owner.exitCode === 0);
    await eventually('its guard has left', () => guardOf(owner.pid ?? -1).length === 0);
  });

  test('is started again when it is killed while an attempt runs', async (t) => {
    const guard = createGuard({ log: quiet });
    t.after(() => guard.close());
    const unwatch = guard.watch({ pid: process.pid, tag: 'none' });
    const first = await eventually('the guard runs', () => guardOf(process.pid)[0]);
    process.kill(first, 'SIGKILL');
    await eventually('another guard runs', () => guardOf(process.pid).some((pid) => pid !== first));
    unwatch();
  });
});
