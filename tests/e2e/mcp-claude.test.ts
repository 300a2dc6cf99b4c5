// The real Claude Code CLI as a client of ours: told of /mcp by an `.mcp.json`, it submits a job and reads its result.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Script } from '../../scripts/scripted-model/script.js';
import { openClaude } from '../adapters/scripted-model/real-claude.js';
import { startFleet } from './fleet.js';

const KEY = 'mcp-client-key';
const TASK = 'add the two numbers';

const adds: Script = { name: 'adds', match: TASK, steps: [{ say: 'They are 42 together.' }] };
const delegates: Script = {
  name: 'delegates',
  match: 'let somebody else',
  steps: [
    {
      say: 'I hand it over.',
      call: [{ tool: 'mcp__agenticore__run_task', input: { task: TASK, wait_seconds: 50 } }],
    },
    { say: 'It is done.' },
  ],
};

test('claude itself hands a task to a server that its .mcp.json names, and is told the answer', async (t) => {
  const fleet = await startFleet('file', [adds], { AGENTICORE_API_KEYS: `claude:${KEY}` });
  t.after(() => fleet.close());
  const server = { type: 'http', url: `${fleet.url}/mcp`, headers: { Authorization: `Bearer ${KEY}` } };
  const claude = await openClaude(t, {
    scripts: [delegates],
    args: ['--mcp-config', '.mcp.json'],
    // Else claude begins before it knows the server, and the model is first to look for the tools that it may need.
    env: { ENABLE_TOOL_SEARCH: 'false', MCP_CONNECTION_NONBLOCKING: 'false' },
    prepare: (cwd) =>
      writeFile(join(cwd, '.mcp.json'), JSON.stringify({ mcpServers: { agenticore: server } })),
  });
  const lines = await claude.turn('let somebody else add them');
  const told = JSON.stringify(lines.filter(({ type }) => type === 'user'));
  assert.match(told, /They are 42 together\./);
  assert.match(told, /succeeded/);
  assert.match(told, /agenticore:\/\/jobs\//);
  assert.equal(lines.at(-1)?.is_error, false);
});
