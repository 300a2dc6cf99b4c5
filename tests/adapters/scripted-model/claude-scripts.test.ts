// The real Claude Code CLI following scripts: what the model says arrives, its tools run, their results come back.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { at, blocksOf, linesOf, piecesOf } from './lines.js';
import { openClaude } from './real-claude.js';

const mend: Script = {
  name: 'mend',
  match: '/mend (?<file>\\S+)/',
  steps: [
    {
      think: 'I look at {{capture.file}} first.',
      say: 'Let me look.',
      call: [{ tool: 'Bash', input: { command: 'echo FAIL; pwd', description: 'Look' } }],
    },
    {
      either: [
        {
          when: { tool_result: '/^FAIL/' },
          call: [{ tool: 'Write', input: { file_path: '{{cwd}}/{{capture.file}}', content: 'mended\n' } }],
        },
        { say: 'Nothing to mend.' },
      ],
    },
    { say: 'Done: {{result}}', usage: { input_tokens: 1000, output_tokens: 10 } },
  ],
};

const parallel: Script = {
  name: 'parallel',
  match: 'both at once',
  steps: [
    {
      call: [
        { tool: 'Bash', input: { command: 'sleep 0.3; echo slow' } },
        { tool: 'Read', input: { file_path: '{{cwd}}/mended.txt' } },
      ],
    },
    { say: 'First {{result.1}}, second {{result.2}}.' },
  ],
};

const delegate: Script = {
  name: 'delegate',
  match: 'delegate it',
  steps: [
    {
      call: [
        {
          tool: 'Agent',
          input: { description: 'Look', prompt: 'look into it', subagent_type: 'general-purpose' },
        },
      ],
    },
    { say: 'It says: {{result}}' },
  ],
};

const subagent: Script = {
  name: 'subagent',
  match: 'look into it',
  steps: [
    { call: [{ tool: 'Bash', input: { command: 'echo from below' } }] },
    { say: 'sub says {{result}}' },
  ],
};

const forgetful: Script = {
  name: 'forgetful',
  match: 'think hard',
  steps: [{ think: 'Hm.' }, { say: 'Part one,', stop_reason: 'max_tokens' }, { say: 'part two.' }],
};

describe('the CLI follows scripts', { concurrency: 2 }, () => {
  test('it thinks, speaks, runs tools and reacts to their results, in one conversation after another', async (t) => {
    const claude = await openClaude(t, { scripts: [mend, parallel] });
    const lines = await claude.turn('please mend mended.txt');
    assert.equal(await readFile(join(claude.cwd, 'mended.txt'), 'utf8'), 'mended\n');
    const [thinking, text, call] = blocksOf(lines, 'assistant');
    assert.equal(at(thinking, 'thinking'), 'I look at mended.txt first.');
    assert.equal(at(text, 'text'), 'Let me look.');
    assert.equal(at(call, 'name'), 'Bash');
    assert.match(String(at(blocksOf(lines, 'user')[0], 'content')), /^FAIL\n\//);
    assert.deepEqual(piecesOf(lines, 'thinking_delta.thinking').join(''), 'I look at mended.txt first.');
    assert.deepEqual(piecesOf(lines, 'text_delta.text').slice(0, 3), ['Let', ' me', ' look.']);
    const end = lines.at(-1);
    assert.match(String(end?.result), /^Done: File created successfully/);
    assert.equal(end?.is_error, false);

    const second = await claude.turn('now both at once');
    assert.match(String(second.at(-1)?.result), /^First slow, second 1\tmended/);
    assert.equal(await claude.end(), 0);
    assert.equal(claude.stderr(), '');
  });

  test('a subagent follows a script of its own', async (t) => {
    const claude = await openClaude(t, { scripts: [delegate, subagent] });
    const lines = await claude.turn('delegate it');
    assert.match(String(lines.at(-1)?.result), /^It says: sub says from below/);
    const below = linesOf(lines, 'assistant').filter((line) => line.parent_tool_use_id !== null);
    assert.equal(at(below[0], 'message.content.0.name'), 'Bash');
  });

  test('an answer that the CLI forgets, and one that it has continued, count as steps', async (t) => {
    const claude = await openClaude(t, { scripts: [forgetful] });
    const lines = await claude.turn('think hard');
    assert.deepEqual(
      blocksOf(lines, 'assistant').map((block) => at(block, 'text')),
      [undefined, 'Part one,', 'part two.'],
    );
  });
});
