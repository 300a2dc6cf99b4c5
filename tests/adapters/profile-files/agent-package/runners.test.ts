import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findProcess } from '../../../../src/adapters/host/process-table.js';
import { eventually } from '../../../support/eventually.js';
import { writeFiles } from '../profile-kit.js';
import { type Fact, never, openFiles } from './package-kit.js';

const PACKAGE = { 'CLAUDE.md': 'x', 'profile.yml': 'env: [CITY]\n' };

const told = (facts: readonly Fact[], name: string): readonly unknown[] =>
  facts.filter(([fact]) => fact === name).map(([, fields]) => fields?.text ?? fields?.runner);

describe('the runners of a package', () => {
  it('run in the order of their names, in its copy, before anybody talks to the agent', async (t) => {
    const { store, facts, directory } = await openFiles(
      t,
      {
        ...PACKAGE,
        'runners/20-second.js': 'console.log("second", require("node:fs").existsSync("first-was-here"))',
        'runners/10-first.sh': 'touch first-was-here\npwd\nls runners',
        'runners/30-third.sh': '#!/usr/bin/env bash\n[[ ok == o* ]] && echo third',
      },
      { runnerEnvironment: () => ({ PATH: process.env.PATH ?? '' }) },
    );
    assert.deepEqual(told(facts, 'package.runner_said'), [
      store.current().cwd,
      '10-first.sh',
      '20-second.js',
      '30-third.sh',
      'second true',
      'third',
    ]);
    assert.deepEqual(told(facts, 'package.runner_done'), ['10-first.sh', '20-second.js', '30-third.sh']);
    await assert.rejects(readFile(join(directory, 'first-was-here')), { code: 'ENOENT' });
  });

  it('get what the package asks for, its own home, and nothing else of this process', async (t) => {
    process.env.AGENTICORE_TEST_SECRET = 'not-for-runners';
    t.after(() => delete process.env.AGENTICORE_TEST_SECRET);
    const asked: (readonly string[])[] = [];
    const { store, facts } = await openFiles(
      t,
      { ...PACKAGE, 'runners/1.sh': 'env | sort' },
      {
        runnerEnvironment: (names) => {
          asked.push(names);
          return { PATH: process.env.PATH ?? '', CITY: 'Bern' };
        },
      },
    );
    assert.deepEqual(asked, [['CITY']]);
    const lines = told(facts, 'package.runner_said').map(String);
    const { jobDir } = store.current();
    for (const line of ['CITY=Bern', `HOME=${jobDir}/home`, `TMPDIR=${jobDir}/tmp`])
      assert.ok(lines.includes(line), line);
    assert.deepEqual(
      lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split('=')[0]),
      ['AGENTICORE_ATTEMPT', 'CITY', 'HOME', 'PATH', 'PWD', 'TMPDIR'],
    );
  });

  it('that fail are told of, and the next one runs', async (t) => {
    const { facts } = await openFiles(t, {
      ...PACKAGE,
      'runners/1-fails.sh': 'echo "no such index" >&2\nexit 3',
      'runners/2-killed.sh': 'kill -9 $$',
      'runners/3-unknown.sh': '#!/no/such/shell\n',
      'runners/4-fine.sh': 'true',
    });
    const failures = facts.filter(([fact]) => fact === 'package.runner_failed');
    assert.deepEqual(
      failures.map(([, fields]) => [fields?.runner, fields?.why]),
      [
        ['1-fails.sh', 'it ended with exit code 3'],
        ['2-killed.sh', 'it was killed by SIGKILL'],
        ['3-unknown.sh', failures[2]?.[1]?.why],
      ],
    );
    assert.match(String(failures[2]?.[1]?.why), /^it could not be started: .*ENOENT/);
    assert.deepEqual(told(facts, 'package.runner_said'), ['no such index']);
    assert.deepEqual(told(facts, 'package.runner_done'), ['4-fine.sh']);
    assert.equal(facts.at(-1)?.[0], 'package.ready');
  });

  it('that take too long are killed with everything they started', async (t) => {
    const runsAway = `
      const { spawn } = require('node:child_process');
      const away = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      away.unref();
      console.log(away.pid);`;
    const { facts } = await openFiles(
      t,
      {
        ...PACKAGE,
        'run-away.js': runsAway,
        'runners/1-hangs.sh': `"${process.execPath}" run-away.js\nsleep 600 &\necho $!\necho $$\nwait`,
        'runners/2-next.sh': 'echo next',
      },
      { runnerTimeoutMs: 2_000 },
    );
    const said = told(facts, 'package.runner_said');
    assert.equal(said.length, 4, said.join());
    for (const pid of said.slice(0, 3)) assert.equal(lives(Number(pid)), false, String(pid));
    assert.deepEqual(told(facts, 'package.runner_failed'), ['1-hangs.sh']);
    const [, failure] = facts.find(([fact]) => fact === 'package.runner_failed') ?? [];
    assert.equal(failure?.why, 'it took longer than 2 s and was killed with all it had started');
    assert.equal(said[3], 'next');
  });

  it('that never stop talking do not fill the log', async (t) => {
    const { facts } = await openFiles(t, {
      ...PACKAGE,
      'runners/1-talks.js':
        'console.log("x".repeat(50_000)); for (let i = 0; i < 20_000; i += 1) console.log(i);',
    });
    const said = told(facts, 'package.runner_said').map(String);
    assert.ok(said.length <= 501, String(said.length));
    assert.ok(said.every((line) => line.length <= 1003));
    assert.match(said.at(-1) ?? '', /the rest is left out/);
    assert.deepEqual(told(facts, 'package.runner_done'), ['1-talks.js']);
  });

  it('may leave something running, which is not waited for', async (t) => {
    const { facts } = await openFiles(t, { ...PACKAGE, 'runners/1-serves.sh': 'sleep 600 &\necho $!' });
    const pid = Number(told(facts, 'package.runner_said')[0]);
    assert.equal(lives(pid), true);
    process.kill(pid, 'SIGKILL');
  });

  it('of a new version run before it is taken over, and leaving ends them', async (t) => {
    const { store, directory, facts } = await openFiles(t, PACKAGE);
    const old = store.current();
    await writeFiles(directory, { 'runners/1-hangs.sh': 'echo $$\nsleep 600' });
    const leave = new AbortController();
    const taking = store.sync(leave.signal);
    await eventually('the runner runs', () => told(facts, 'package.runner_said').length > 0);
    leave.abort(new Error('leaving'));
    await assert.rejects(taking, /leaving/);
    assert.equal(lives(Number(told(facts, 'package.runner_said')[0])), false);
    assert.equal(store.current(), old);
    await writeFiles(directory, { 'runners/1-hangs.sh': 'true' });
    assert.equal(await store.sync(never()), true, 'a later look is not held up by it');
  });
});

const lives = (pid: number): boolean => {
  assert.ok(pid > 1, 'it told its number');
  return findProcess(pid) !== undefined;
};
