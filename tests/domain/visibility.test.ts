// What is shown, as lists and as JSON.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configJson, parseVisibility, TEXT_ONLY, withoutConfig } from '../../src/domain/visibility.js';

const shown = (list: string) =>
  Object.entries(parseVisibility(list)).flatMap(([what, is]) => (is ? [what] : []));

describe('a list of what is to be seen', () => {
  for (const [list, ...words] of [
    ['thinking,tools', 'thinking', 'tools'],
    ['text', 'narration', 'final'],
    [' Thinking , FINAL ', 'thinking', 'final'],
    ['all', 'thinking', 'tools', 'narration', 'final'],
    ['none'],
    ['none,tools', 'tools'],
    ['narration,narration', 'narration'],
  ] as const) {
    it(`reads ${JSON.stringify(list)}`, () => assert.deepEqual(shown(list ?? ''), words));
  }

  for (const list of ['thoughts', '', 'tools,', 'toString', 'tools;final']) {
    it(`refuses ${JSON.stringify(list)} and says what is allowed`, () =>
      assert.throws(() => parseVisibility(list), {
        code: 'INVALID_REQUEST',
        message: /thinking, tools, narration, final, text, all, none/,
      }));
  }
});

describe('a config in JSON', () => {
  const json =
    '{"show_thinking":false,"show_tools":false,"show_narration":true,"show_final":true,"scope":"conversation"}';
  it('is one line', () => assert.equal(configJson({ visibility: TEXT_ONLY, scope: 'conversation' }), json));
  it('is known again in front of an answer', () => {
    assert.equal(withoutConfig(`${json}Hello`), 'Hello');
    assert.equal(withoutConfig(` ${json}\n`), '\n');
    assert.equal(withoutConfig(`Hello ${json}`), `Hello ${json}`);
    assert.equal(withoutConfig('{"show_thinking":1}'), '{"show_thinking":1}');
  });
});
