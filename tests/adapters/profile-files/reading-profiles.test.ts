// What the bundled `review` and `plan` profiles promise, proven with the real claude: they read, with git too, and write
// nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { startScriptedModel } from '../../../scripts/scripted-model/server.js';
import { profileFlags } from '../../../src/domain/profile.js';
import { packagePath } from '../../../src/runtime/package-root.js';
import { makeOrder, modelEnvironment, realAgent, record } from '../claude/attempt-kit.js';
import { profilesOf, writeFiles } from './profile-kit.js';

const READS = [
  'git log --oneline',
  'git log -p -1 -- file',
  'git diff HEAD',
  'git show HEAD:file',
  'git status --porcelain',
  'git blame file',
];
const FORBIDDEN = [
  'touch x1',
  'git log --output=x2',
  "git show --'output'=x3 HEAD",
  'git log > x4',
  'git log; touch x5',
  'git log\ntouch x6',
  'git log $(touch x7)',
  'git -c core.pager="touch x8" log',
  'git commit --allow-empty -m x9',
  'git branch x10',
  'git push origin HEAD:x11',
  'sed -i s/a/b/ file',
  'cat /etc/hostname',
];

for (const name of ['review', 'plan']) {
  it(`the ${name} profile lets claude read, with git too, and denies it every write`, (t) =>
    tryEverything(t, name));
}

async function tryEverything(t: TestContext, name: string): Promise<void> {
  const { store } = await profilesOf(t, {}, [packagePath('profiles')]);
  const profile = await store.load(name);
  assert.equal(profile.autoPr, false);
  const commands = [...READS, ...FORBIDDEN];
  const calls = [
    ...commands.map((command) => ({ tool: 'Bash', input: { command, description: 'try it' } })),
    { tool: 'Write', input: { file_path: '{{cwd}}/x12', content: 'x' } },
    { tool: 'Edit', input: { file_path: '{{cwd}}/file', old_string: 'hello', new_string: 'bye' } },
    { tool: 'Read', input: { file_path: '/etc/hostname' } },
    { tool: 'Read', input: { file_path: '{{cwd}}/file' } },
    { tool: 'Grep', input: { pattern: 'hello', output_mode: 'content' } },
  ];
  const model = await startScriptedModel({
    scripts: [{ name: 'try', match: 'try everything', steps: [{ call: calls }, { say: 'Done.' }] }],
    pace: 'instant',
  });
  t.after(() => model.close());
  const order = await makeOrder(t, {
    task: 'try everything',
    flags: profileFlags(profile.claude),
    env: { ...modelEnvironment(model.url), PATH: process.env.PATH ?? '' },
  });
  await writeFiles(order.cwd, { file: 'hello\n' });
  const git = (...args: readonly string[]): string =>
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: order.cwd,
      encoding: 'utf8',
    }).stdout;
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  const before = [git('for-each-ref'), git('rev-parse', 'HEAD'), git('status', '--porcelain')];

  const { messages, end } = record(realAgent(), order);
  const { kind, answer } = await end;
  assert.deepEqual([kind, answer], ['succeeded', 'Done.']);
  const results = resultsOf(messages.map(({ line }) => line));
  const outcome = (text: string): boolean | undefined =>
    results.find(([input]) => input.includes(JSON.stringify(text).slice(1, -1)))?.[1];
  for (const command of READS) assert.equal(outcome(command), true, `${command} is allowed`);
  for (const command of FORBIDDEN) assert.equal(outcome(command), false, `${command} is denied`);
  assert.deepEqual(
    results.slice(commands.length).map(([, ok]) => ok),
    [false, false, false, true, true],
  );
  assert.deepEqual([git('for-each-ref'), git('rev-parse', 'HEAD'), git('status', '--porcelain')], before);
  assert.deepEqual(readdirSync(order.cwd).sort(), ['.git', 'file']);
  assert.equal(
    readdirSync(join(order.cwd, '..')).some((name) => name.startsWith('x')),
    false,
  );
}

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly input?: unknown;
  readonly tool_use_id?: string;
  readonly is_error?: boolean;
}

/** The input of every tool call in order, and whether it was carried out. */
function resultsOf(lines: readonly string[]): readonly (readonly [string, boolean])[] {
  const blocks = lines.flatMap((line): readonly Block[] => {
    const content: unknown = JSON.parse(line).message?.content;
    return Array.isArray(content) ? content : [];
  });
  const ended = new Map(
    blocks
      .filter(({ type }) => type === 'tool_result')
      .map((block) => [block.tool_use_id, block.is_error !== true]),
  );
  return blocks.flatMap((block) =>
    block.type === 'tool_use' ? [[JSON.stringify(block.input), ended.get(block.id) === true] as const] : [],
  );
}
