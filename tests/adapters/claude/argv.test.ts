// How an order becomes a command line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildArgv } from '../../../src/adapters/claude/start/argv.js';
import { isCode } from '../../../src/domain/errors.js';
import type { AgentOrder } from '../../../src/ports/agent.js';

const order: AgentOrder = {
  tag: 'job.1',
  task: '--secret task',
  cwd: '/work',
  jobDir: '/job',
  sessionId: '11111111-1111-4111-8111-111111111111',
  flags: {},
  appendSystemPrompt: '',
  settingSources: 'user',
  env: {},
  timeoutMs: 1,
};
const flagsOf = (flags: AgentOrder['flags']): readonly string[] =>
  buildArgv({ ...order, flags }, undefined).slice(buildArgv(order, undefined).length);

test('the task is never on the command line', () => {
  assert.deepEqual(buildArgv(order, undefined), [
    ...[
      '-p',
      '--input-format=stream-json',
      '--output-format=stream-json',
      '--verbose',
      '--include-partial-messages',
    ],
    `--session-id=${order.sessionId}`,
    '--setting-sources=user',
    '--strict-mcp-config',
  ]);
});

test('a session that goes on is named by its file', () => {
  const argv = buildArgv(
    { ...order, resumeFrom: '/old/session.jsonl', mcpConfigPath: '/job/mcp.json' },
    '/job/p.md',
  );
  assert.deepEqual(argv.slice(5), [
    '--resume=/old/session.jsonl',
    '--setting-sources=user',
    '--strict-mcp-config',
    '--mcp-config=/job/mcp.json',
    '--append-system-prompt-file=/job/p.md',
  ]);
});

test('values stay with their flag, however they begin; several are joined, or repeated where claude wants that', () => {
  assert.deepEqual(flagsOf({ model: '-x', 'max-turns': 3, 'disable-slash-commands': true }), [
    ...['--model=-x', '--max-turns=3', '--disable-slash-commands'],
  ]);
  assert.deepEqual(flagsOf({ allowedTools: ['Bash(git log *)', 'Read'], 'add-dir': ['/a', '/b'] }), [
    ...['--allowedTools=Bash(git log *),Read', '--add-dir=/a', '--add-dir=/b'],
  ]);
});

test('no tools at all can be asked for; an empty list of anything else says nothing', () => {
  assert.deepEqual(flagsOf({ tools: [], allowedTools: [], tool: '' }), ['--tools=', '--tool=']);
});

test('flags that would take claude out of the hands of the driver are refused', () => {
  for (const flag of ['print', 'resume', 'session-id', 'mcp-config', 'bg', 'sdk-url', '-x', 'a=b', '', 'a b'])
    assert.throws(
      () => flagsOf({ [flag]: 'x' }),
      (error) => isCode(error, 'BROKEN_PROFILE'),
      flag,
    );
});
