// What becomes of the processes of a pool when its worker is killed: the guard at once, or the sweep of the next worker.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sweepOrphans } from '../../../src/adapters/host/attempt/sweep.js';
import { eventually } from '../../support/eventually.js';
import { processesWith, quiet, uniqueSleep } from './attempt-kit.js';
import { makeLaunch, makeTurn, startModel } from './pool-kit.js';

/** A worker whose turn sleeps in a tool while another process is warm; resolves with both when that is so. */
async function startOwner(t: TestContext, ...options: readonly string[]) {
  const sleep = uniqueSleep();
  const command = `setsid nohup sleep ${sleep} >/dev/null 2>&1 & sleep ${sleep}`;
  const call = [{ tool: 'Bash', input: { command, description: 'sleeps' } }];
  const model = await startModel(t, { name: 'sleeps', steps: [{ call }] });
  const launch = await makeLaunch(model.url);
  const mark = `--setting-sources=user,project,local --strict-mcp-config --permission-mode=bypassPermissions --tools=Bash --add-dir=${launch.cwd}`;
  const order = makeTurn({
    ...launch,
    settingSources: 'user,project,local',
    flags: { 'permission-mode': 'bypassPermissions', tools: ['Bash'], 'add-dir': [launch.cwd] },
  });
  const program = fileURLToPath(new URL('../../support/pool-owner.js', import.meta.url));
  const owner = spawn(process.execPath, [program, JSON.stringify(order), ...options], { stdio: 'ignore' });
  t.after(() => owner.kill('SIGKILL'));
  await eventually('the tool sleeps', () => processesWith(`sleep ${sleep}`).length >= 2);
  await eventually('another is warm', () => processesWith(mark).length >= 2);
  return { owner, sleep, mark };
}

// One after the other: the sweep of the second would do the work of the guard in the first.
test('the guard of a killed worker ends what was in a turn and what was warm', async (t) => {
  const { owner, sleep, mark } = await startOwner(t);
  owner.kill('SIGKILL');
  for (const text of [sleep, mark])
    await eventually(`${text} is gone`, () => processesWith(text).length === 0);
});

test('the next worker ends what it finds of a killed one that had no guard', async (t) => {
  const { owner, sleep, mark } = await startOwner(t, 'unguarded');
  owner.kill('SIGKILL');
  await eventually('the owner is dead', () => owner.signalCode !== null);
  await sweepOrphans({ log: quiet });
  for (const text of [sleep, mark]) assert.deepEqual(processesWith(text), []);
});
