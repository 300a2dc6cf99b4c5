// What a laid-out package is to the real claude: its settings, skills, commands, sub-agents and MCP servers are there,
// each once, and the copy that it works in is no source of settings.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { startScriptedModel } from '../../../../scripts/scripted-model/server.js';
import { makeOrder, modelEnvironment, realAgent, record } from '../../claude/attempt-kit.js';
import { openFiles } from './package-kit.js';

/** A server of one tool, as far as claude asks. */
const SEARCH_SERVER = `
  const tool = { name: 'find', description: 'Finds.', inputSchema: { type: 'object', properties: {} } };
  const answers = {
    initialize: (params) => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'search', version: '1' },
    }),
    'tools/list': () => ({ tools: [tool] }),
    'tools/call': () => ({ content: [{ type: 'text', text: 'found in ' + process.cwd() }] }),
  };
  let rest = '';
  process.stdin.on('data', (chunk) => {
    const lines = (rest + chunk).split('\\n');
    rest = lines.pop();
    for (const line of lines) {
      const { id, method, params } = JSON.parse(line);
      if (id === undefined) continue;
      const result = answers[method]?.(params);
      const reply = result === undefined ? { error: { code: -32601, message: 'no' } } : { result };
      console.log(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
    }
  });`;

const server = { command: process.execPath, args: ['./tools/search.cjs'] };

const PACKAGE = {
  'agent.yml': 'name: desk\n',
  'system.md': 'SYSTEM-WORDS',
  'CLAUDE.md': 'CLAUDE-WORDS',
  '.mcp.json': JSON.stringify({ mcpServers: { search: server, other: server } }),
  'tools/search.cjs': SEARCH_SERVER,
  '.claude/settings.json': '{"env":{"FROM_SETTINGS":"yes"}}',
  '.claude/agents/tester.md': '---\nname: tester\ndescription: Tests.\n---\nTest it.\n',
  '.claude/commands/brief.md': 'Be brief.\n',
  '.claude/skills/weather/SKILL.md': '---\nname: weather\ndescription: Knows it.\n---\nLook out.\n',
};

it('a laid-out package is what claude finds, once', async (t) => {
  const { store } = await openFiles(t, PACKAGE);
  const agent = store.current();
  const calls = [
    { tool: 'mcp__search__find', input: {} },
    { tool: 'Bash', input: { command: 'echo "$FROM_SETTINGS"; pwd', description: 'look' } },
  ];
  const model = await startScriptedModel({
    scripts: [{ name: 'go', match: 'go', steps: [{ call: calls }, { say: 'Done.' }] }],
    pace: 'instant',
  });
  t.after(() => model.close());
  const mcpConfigPath = await store.mcpConfig(agent, ['other']);
  assert.ok(mcpConfigPath);
  const { cwd, jobDir, flags, settingSources } = agent;
  const order = await makeOrder(t, {
    cwd,
    jobDir,
    flags: { ...flags, model: agent.model },
    settingSources,
    mcpConfigPath,
    appendSystemPrompt: agent.systemPrompt.text,
    env: { ...modelEnvironment(model.url), PATH: process.env.PATH ?? '' },
  });
  const { messages, end } = record(realAgent(), order);
  const { kind, answer } = await end;
  assert.deepEqual([kind, answer], ['succeeded', 'Done.']);

  const init = messages.find(({ message }) => message.subtype === 'init')?.message;
  const namesIn = (key: string): readonly unknown[] => (Array.isArray(init?.[key]) ? init[key] : []);
  for (const command of agent.commands) assert.ok(namesIn('slash_commands').includes(command), command);
  assert.ok(namesIn('skills').includes('weather'));
  assert.equal(namesIn('agents').filter((name) => name === 'tester').length, 1);
  assert.deepEqual(
    namesIn('mcp_servers').map((one) => JSON.parse(JSON.stringify(one)).name),
    ['search'],
  );

  const said = messages.map(({ line }) => line).join('\n');
  assert.ok(said.includes(`found in ${cwd}`), 'its server runs in the copy of the package');
  assert.ok(said.includes(`yes\\n${cwd}`), 'its settings count, and Claude works in the copy');
  const asked = JSON.stringify(model.requests.at(-1)?.body);
  for (const words of ['SYSTEM-WORDS', 'CLAUDE-WORDS', 'the agent `desk`'])
    assert.equal(asked.split(words).length, 2, `${words} is told once`);
  const [project = ''] = await readdir(join(jobDir, 'claude/projects'));
  assert.deepEqual(await readdir(join(jobDir, 'claude/projects', project)), [`${order.sessionId}.jsonl`]);
});
