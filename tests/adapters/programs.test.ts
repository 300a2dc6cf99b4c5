import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { listProcesses, readVariable } from '../../src/adapters/host/process-table.js';
import { createPrograms } from '../../src/adapters/host/programs.js';
import type { CommandOrder } from '../../src/ports/programs.js';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';

const never = new AbortController().signal;
const programs = createPrograms({});
let jobs = 0;

async function orderOf(
  t: TestContext,
  command: string,
  more: Partial<CommandOrder> = {},
): Promise<CommandOrder> {
  const cwd = await tempDir(t);
  const tag = `programs-test-${process.pid}-${jobs++}.1`;
  return { tag, command, cwd, jobDir: cwd, env: {}, timeoutMs: 30_000, ...more };
}

/** Everything that still runs of an order. */
const left = ({ tag }: CommandOrder): readonly number[] =>
  listProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => readVariable(pid, 'AGENTICORE_ATTEMPT')?.startsWith(`${tag}@`));

describe('a command of a profile', () => {
  it('is run by the shell in the worktree, with a home of its own and nothing of ours', async (t) => {
    process.env.AGENTICORE_TEST_SECRET = 'not-for-commands';
    t.after(() => delete process.env.AGENTICORE_TEST_SECRET);
    const order = await orderOf(t, 'x=1; pwd && env | sort >&2; exit $((x + 2))', { env: { CITY: 'Bern' } });
    const { kind, exitCode, output } = await programs.run(order, never);
    assert.deepEqual([kind, exitCode], ['exited', 3]);
    const lines = output.trim().split('\n');
    assert.ok(lines.includes(order.cwd));
    const names = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
    assert.deepEqual(names.sort(), [
      'AGENTICORE_ATTEMPT',
      'CITY',
      'HOME',
      'LANG',
      'PATH',
      'PWD',
      'TERM',
      'TMPDIR',
    ]);
    assert.ok(lines.includes(`HOME=${order.jobDir}/home`));
  });

  it('keeps the end of what it says, however much that is', async (t) => {
    const order = await orderOf(
      t,
      'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo end',
    );
    const { output } = await programs.run(order, never);
    assert.ok(output.length <= 64 * 1024);
    assert.match(output, /line 19999\nend\n$/);
  });

  it('takes along what it has put into the background', async (t) => {
    const order = await orderOf(t, 'sleep 1000 & setsid sleep 1001 & env -i sleep 1002 & echo started');
    const { exitCode, output } = await programs.run(order, never);
    assert.deepEqual([exitCode, output], [0, 'started\n']);
    assert.deepEqual(left(order), []);
  });

  it('ends with all it started when it is stopped, or takes too long', async (t) => {
    const order = await orderOf(t, "trap '' INT TERM; setsid sleep 1000 & sleep 1001");
    const stop = new AbortController();
    const running = programs.run(order, stop.signal);
    await eventually('it runs', async () => left(order).length >= 3);
    stop.abort('cancelled');
    await assert.rejects(running, (reason) => reason === 'cancelled');
    assert.deepEqual(left(order), []);
    const slow = await orderOf(t, 'echo begun; sleep 1000', { timeoutMs: 300 });
    assert.deepEqual(await programs.run(slow, never), {
      kind: 'timed_out',
      exitCode: null,
      output: 'begun\n',
    });
    assert.deepEqual(left(slow), []);
  });
});
