import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { displayWidth } from '../../../src/surfaces/cli/terminal/width.js';
import { keepingSink, type } from './person.js';

describe('agent list', () => {
  const packages = [
    { name: 'assistant', description: 'Helps.', model: 'sonnet', source: '/somewhere/profiles/assistant' },
    {
      name: 'odd',
      description: '',
      model: '',
      source: 'https://example.com/hub.git',
      error: 'profile.yml:1: claud is not known',
    },
  ];

  it('shows packages, broken ones with what is wrong', async () => {
    const { code, out } = await type(['agent', 'list'], { packages });
    assert.equal(code, 0);
    assert.equal(
      out,
      'assistant\tsonnet\t/somewhere/profiles/assistant\tHelps.\nodd\t\thttps://example.com/hub.git\tBROKEN: profile.yml:1: claud is not known\n',
    );
    assert.deepEqual(JSON.parse((await type(['agent', 'list', '--json'], { packages })).out), packages);
    const screen = { ...keepingSink(), isTTY: true as const, columns: 60 };
    await type(['agent', 'list'], { packages, out: screen, noColor: true });
    for (const line of screen.text().trimEnd().split('\n')) assert.ok(displayWidth(line) <= 60, line);
    assert.match(screen.text(), /NAME.*DESCRIPTION/);
  });
});

describe('agent validate', () => {
  it('says what a whole package makes of Claude', async () => {
    const verdict = {
      valid: true,
      name: 'desk',
      description: 'Answers.',
      model: 'haiku',
      mcpServers: ['search'],
      commands: ['brief'],
      runners: [],
      unusedKeys: ['auto_pr'],
    } as const;
    const { code, out } = await type(['agent', 'validate', './desk'], { verdict });
    assert.equal(code, 0);
    assert.match(out, /^The package of desk can be used\.\n/);
    assert.match(
      out,
      /model +haiku\n.*MCP servers +search\n.*commands +\/brief\n.*without effect +auto_pr\n/,
    );
    assert.doesNotMatch(out, /runners/);
    const json = await type(['agent', 'validate', './desk', '--json'], { verdict });
    assert.deepEqual(JSON.parse(json.out), verdict);
  });

  it('names every fault of a broken one, and fails', async () => {
    const faults = [
      { path: 'desk/profile.yml:2: mpc', message: 'is not known; did you mean mcp?' },
      { path: '', message: 'another' },
    ];
    const verdict = { valid: false, faults } as const;
    const { code, out } = await type(['agent', 'validate', 'desk'], { verdict });
    assert.equal(code, 1);
    assert.equal(
      out,
      'FAIL desk/profile.yml:2: mpc is not known; did you mean mcp?\nFAIL another\nThe package cannot be used: 2 faults.\n',
    );
    const json = await type(['agent', 'validate', 'desk', '--json'], { verdict });
    assert.deepEqual([json.code, JSON.parse(json.out)], [1, verdict]);
  });

  it('asks for what is missing, and knows no other verbs', async () => {
    const missing = await type(['agent', 'validate']);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /Something is missing/);
    const unknown = await type(['agent', 'biuld', 'x']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /There is no command "agent biuld"/);
    assert.equal((await type(['agent'])).code, 2);
  });
});
