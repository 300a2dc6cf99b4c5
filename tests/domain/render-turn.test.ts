// What readers of a turn get: everything they may see, nothing else, and each character once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTurnRenderer } from '../../src/domain/render-turn.js';
import type { TurnPiece } from '../../src/domain/turn-piece.js';
import { parseVisibility } from '../../src/domain/visibility.js';
import {
  answer,
  assistant,
  call,
  inputDelta,
  messageStart,
  messageStop,
  result,
  streamed,
  system,
  text,
  textDelta,
  thinking,
  thinkingDelta,
  user,
} from '../support/claude-says.js';
import { createLiveFeed } from '../support/live-feed.js';

type Said = ReturnType<typeof text>;

/** A turn with everything in it: thinking, narration, two calls at once, another narration, the answer. */
const turn: readonly Said[] = [
  system('init'),
  messageStart(),
  thinkingDelta('I look '),
  thinkingDelta('first.'),
  thinking('I look first.'),
  ...streamed('Let me look.', 1),
  inputDelta('{"command"', 2),
  inputDelta(':"ls"}', 2),
  call('t1', { command: 'ls' }),
  call('t2', { command: 'pwd' }),
  ...messageStop('tool_use'),
  answer('t2', '/repo'),
  answer('t1', [
    { type: 'text', text: 'a' },
    { type: 'image', source: { data: 'SECRETDATA' } },
  ]),
  messageStart(),
  ...streamed('Once more.'),
  call('t3'),
  ...messageStop('tool_use'),
  user([{ type: 'tool_result', tool_use_id: 't3', content: 'no such file', is_error: true }]),
  messageStart(),
  thinkingDelta('So it is.'),
  thinking('So it is.'),
  ...streamed('It is done.', 1),
  ...messageStop('end_turn'),
  result({ result: 'It is done.' }),
];

function render(said: readonly Said[], visible = 'all') {
  const renderer = createTurnRenderer(parseVisibility(visible));
  const pieces = [...said.flatMap((message) => renderer.take(message)), ...renderer.end()];
  return { renderer, pieces };
}

/** Through the merger and the feed, as a reader elsewhere gets it. */
function renderFeed(said: readonly Said[], visible = 'all', every = 80, secrets: readonly string[] = []) {
  const feed = createLiveFeed(every, secrets);
  const renderer = createTurnRenderer(parseVisibility(visible));
  const entries = said.flatMap((message, at) => feed.take(message, at * 30));
  const pieces = [...entries.flatMap((entry) => renderer.takeEntry(entry)), ...renderer.end()];
  return { renderer, pieces };
}

/** One string per piece; texts that follow each other are one. */
function told(pieces: readonly TurnPiece[]): readonly string[] {
  const lines: string[] = [];
  let last = '';
  for (const piece of pieces) {
    const who = piece.parent === undefined ? '' : `${piece.parent}/`;
    const key = `${who}${piece.kind}`;
    const isText = piece.kind === 'text' || piece.kind === 'thinking';
    if (isText && key === last) lines.push(`${lines.pop()}${piece.text}`);
    else lines.push(`${key}: ${describePiece(piece)}`);
    last = key;
  }
  return lines;
}

function describePiece(piece: TurnPiece): string {
  switch (piece.kind) {
    case 'text':
    case 'thinking':
      return piece.text;
    case 'text-end':
      return piece.role;
    case 'tool-use':
      return `${piece.id} ${piece.name} ${piece.input}`;
    case 'tool-result':
      return `${piece.toolUseId}${piece.isError ? ' failed' : ''} ${piece.text}`;
    default:
      return piece satisfies never;
  }
}

const everything = [
  'thinking: I look first.',
  'text: Let me look.',
  'text-end: narration',
  'tool-use: t1 Bash {"command":"ls"}',
  'tool-use: t2 Bash {"command":"pwd"}',
  'tool-result: t2 /repo',
  'tool-result: t1 a\n[image]',
  'text: \n\nOnce more.',
  'text-end: narration',
  'tool-use: t3 Bash {}',
  'tool-result: t3 failed no such file',
  'thinking: \n\nSo it is.',
  'text: \n\nIt is done.',
  'text-end: final',
];

describe('a turn as its readers get it', () => {
  it('holds everything in order, token by token', () => {
    const { pieces, renderer } = render(turn);
    assert.deepEqual(told(pieces), everything);
    assert.deepEqual(
      pieces.flatMap((piece) => (piece.kind === 'text' ? [piece.text] : [])),
      ['Let ', 'me ', 'look.', '\n\nOnce ', 'more.', '\n\nIt ', 'is ', 'done.'],
    );
    assert.equal(renderer.shownContent(), 'Let me look.\n\nOnce more.\n\nIt is done.');
    assert.equal(renderer.finalText(), 'It is done.');
    assert.equal(renderer.stopReason(), 'end_turn');
  });

  for (const every of [0, 80, 100_000]) {
    it(`is the same out of the feed, merged every ${every} ms`, () => {
      const { pieces, renderer } = renderFeed(turn, 'all', every);
      assert.deepEqual(told(pieces), everything);
      assert.equal(renderer.stopReason(), 'end_turn');
    });
  }

  it('is the same out of complete messages alone', () => {
    assert.deepEqual(told(render(turn.filter(({ type }) => type !== 'stream_event')).pieces), everything);
  });

  it('says what a text was as soon as a call begins, and the last one at the end', () => {
    const renderer = createTurnRenderer(parseVisibility('text'));
    renderer.take(textDelta('Hm.'));
    assert.deepEqual(renderer.take(text('Hm.')), []);
    assert.deepEqual(renderer.take(inputDelta('{')), [{ kind: 'text-end', role: 'narration' }]);
    assert.deepEqual(renderer.take(call('t')), []);
    renderer.take(text('Done.'));
    assert.deepEqual(renderer.take(result()), []);
    assert.deepEqual(renderer.end(), [{ kind: 'text-end', role: 'final' }]);
    assert.deepEqual(renderer.end(), []);
  });
});

describe('what is hidden', () => {
  const isOf = (words: string) => (line: string) => words.split(' ').some((word) => line.startsWith(word));
  for (const [visible, ...shown] of [
    ['text', ...everything.filter(isOf('text'))],
    ['thinking', 'thinking: I look first.\n\nSo it is.'],
    ['tools', ...everything.filter(isOf('tool'))],
    ['narration', 'text: Let me look.', 'text-end: narration', 'text: \n\nOnce more.', 'text-end: narration'],
    ['final', 'text: It is done.', 'text-end: final'],
    ['none'],
    ['text,tools', ...everything.filter(isOf('text tool'))],
  ] as const) {
    it(`is nowhere when ${visible} is shown`, () => {
      assert.deepEqual(told(render(turn, visible).pieces), shown);
      assert.deepEqual(told(renderFeed(turn, visible).pieces), shown);
    });
  }

  it('is not in the content that was shown, but the answer is known', () => {
    const contentOf = (visible: string) => render(turn, visible).renderer.shownContent();
    assert.equal(contentOf('final'), 'It is done.');
    assert.equal(contentOf('narration'), 'Let me look.\n\nOnce more.');
    assert.equal(contentOf('thinking,tools'), '');
    assert.equal(render(turn, 'none').renderer.finalText(), 'It is done.');
  });

  it('holds a text until it is known what it is, then gives it whole', () => {
    const renderer = createTurnRenderer(parseVisibility('final'));
    assert.deepEqual(
      streamed('Let me look.').flatMap((message) => renderer.take(message)),
      [],
    );
    assert.deepEqual(renderer.take(call('t')), []);
    assert.deepEqual(
      streamed('It is done.').flatMap((message) => renderer.take(message)),
      [],
    );
    assert.deepEqual(renderer.end(), [
      { kind: 'text', text: 'It is done.' },
      { kind: 'text-end', role: 'final' },
    ]);
  });
});

describe('text that breaks and comes again', () => {
  const both = (said: readonly Said[]) => {
    const direct = told(render(said, 'text,thinking').pieces);
    assert.deepEqual(told(renderFeed(said, 'text,thinking').pieces), direct);
    return direct;
  };
  const cut = [messageStart(), textDelta('Hello '), textDelta('wor')];

  it('goes on where it broke when the replacement does', () => {
    assert.deepEqual(both([...cut, text('Hello world.'), result()]), [
      'text: Hello world.',
      'text-end: final',
    ]);
  });
  it('is told anew behind a blank line when the replacement goes another way', () => {
    const { renderer } = render([...cut, text('Good day.'), result()]);
    assert.equal(renderer.finalText(), 'Good day.');
    assert.equal(renderer.shownContent(), 'Hello wor\n\nGood day.');
    assert.deepEqual(both([...cut, text('Good day.'), result()]), [
      'text: Hello wor\n\nGood day.',
      'text-end: final',
    ]);
  });
  it('gives nothing twice when the replacement is shorter', () => {
    assert.deepEqual(both([...cut, text('Hello'), result()]), ['text: Hello wor', 'text-end: final']);
  });
  it('is whole when it never streamed', () => {
    assert.deepEqual(both([thinking('Hm.'), text('Hello.'), result()]), [
      'thinking: Hm.',
      'text: Hello.',
      'text-end: final',
    ]);
  });
  it('is found again behind the thinking of its replacement', () => {
    assert.deepEqual(both([...cut, thinking('Hm.'), text('Hello world.'), result()]), [
      'text: Hello wor',
      'thinking: Hm.',
      'text: ld.',
      'text-end: final',
    ]);
  });
  it('goes on with thinking, too', () => {
    assert.deepEqual(both([thinkingDelta('I thi'), thinking('I think.'), text('Yes.'), result()]), [
      'thinking: I think.',
      'text: Yes.',
      'text-end: final',
    ]);
  });
  it('leaves nothing behind of thinking that never ended', () => {
    const said = [
      thinkingDelta('I thi'),
      text('Let me look.'),
      call('t'),
      thinkingDelta('So.'),
      thinking('So.'),
      result(),
    ];
    assert.deepEqual(both(said), [
      'thinking: I thi',
      'text: Let me look.',
      'text-end: narration',
      'thinking: \n\nSo.',
    ]);
  });
  it('streams again from its beginning after a retry, and nothing is given twice', () => {
    const again = [system('api_retry'), messageStart(), ...streamed('Hello world again.'), result()];
    assert.deepEqual(both([...cut, ...again]), ['text: Hello world again.', 'text-end: final']);
  });
  it('streams anew behind a blank line when the retry says something else', () => {
    const again = [system('api_retry'), messageStart(), ...streamed('Good day to you.'), result()];
    assert.deepEqual(both([...cut, ...again]), ['text: Hello wor\n\nGood day to you.', 'text-end: final']);
  });
  it('stays one text over a continuation after max_tokens', () => {
    const said = [
      messageStart(),
      ...streamed('Part one,'),
      ...messageStop('max_tokens'),
      messageStart(),
      ...streamed(' part two.'),
      ...messageStop('end_turn'),
      result(),
    ];
    // `streamed` cuts at words, so the blank in front comes with the complete message only.
    assert.equal(render(said, 'final').renderer.shownContent(), 'Part one, part two.');
    assert.equal(render(said, 'final').renderer.finalText(), 'Part one, part two.');
  });
  it('gives what was said before an interruption, once', () => {
    const said = [
      textDelta('I was about '),
      text('I was about '),
      user([{ type: 'text', text: '[Request interrupted by user]' }]),
      result({ subtype: 'error_during_execution', is_error: true, result: undefined }),
    ];
    assert.deepEqual(both(said), ['text: I was about ', 'text-end: final']);
  });
  it('is not repeated when a block was too long to be kept', () => {
    const oversized = { type: 'oversized', message: { type: 'oversized', of: 'assistant' } };
    const said = [textDelta('Very long.'), oversized, call('t'), ...streamed('Done.'), result()];
    assert.deepEqual(both(said), [
      'text: Very long.',
      'text-end: narration',
      'text: \n\nDone.',
      'text-end: final',
    ]);
  });
});

describe('who speaks', () => {
  const below = { parent_tool_use_id: 'agent1' };
  const delegated = [
    ...streamed('I delegate.'),
    call('agent1'),
    user([{ type: 'text', text: 'look into it' }], below),
    thinking('Below.', below),
    text('From below.', below),
    call('t9', {}, below),
    answer('t9', 'found', below),
    text('Found it.', below),
    answer('agent1', 'Found it.'),
    ...streamed('It says so.'),
    result(),
  ];

  it('a sub-agent is told apart, and its text is never part of the main one', () => {
    const { pieces, renderer } = render(delegated);
    assert.deepEqual(told(pieces), [
      'text: I delegate.',
      'text-end: narration',
      'tool-use: agent1 Bash {}',
      'agent1/thinking: Below.',
      'agent1/text: From below.',
      'agent1/text-end: narration',
      'agent1/tool-use: t9 Bash {}',
      'agent1/tool-result: t9 found',
      'agent1/text: Found it.',
      'agent1/text-end: narration',
      'tool-result: agent1 Found it.',
      'text: \n\nIt says so.',
      'text-end: final',
    ]);
    assert.equal(renderer.shownContent(), 'I delegate.\n\nIt says so.');
  });

  it('who does not want to see tools sees nothing of what they do', () => {
    assert.deepEqual(told(render(delegated, 'text,thinking').pieces), [
      'text: I delegate.',
      'text-end: narration',
      'text: \n\nIt says so.',
      'text-end: final',
    ]);
  });

  it('claude itself is not taken for the model: no API errors, no synthetic messages, no prompts', () => {
    const said = [
      user('the prompt', { isReplay: true }),
      user([{ type: 'text', text: 'Continue.' }], { isSynthetic: true }),
      text('API Error: 500', { error: 'server_error' }),
      result({ is_error: true, result: 'API Error: 500' }),
    ];
    assert.deepEqual(render(said).pieces, []);
    assert.equal(render(said).renderer.finalText(), undefined);
  });

  it('a command of claude itself answers with its result', () => {
    assert.deepEqual(told(render([result({ result: 'Total cost: $0' })], 'text').pieces), [
      'text: Total cost: $0',
      'text-end: final',
    ]);
    assert.deepEqual(render([call('t'), answer('t', 'x'), result({ result: 'odd' })], 'text').pieces, []);
  });

  it('only the last of several rounds is final', () => {
    const said = [
      ...streamed('Started it in the background.'),
      result(),
      system('init'),
      ...streamed('It has ended.'),
      result(),
    ];
    assert.deepEqual(told(render(said).pieces), [
      'text: Started it in the background.',
      'text-end: narration',
      'text: \n\nIt has ended.',
      'text-end: final',
    ]);
    assert.equal(render(said, 'final').renderer.shownContent(), 'It has ended.');
  });

  it('a turn that ends with a tool has no final text', () => {
    const said = [
      ...streamed('Let me look.'),
      call('t'),
      answer('t', ''),
      result({ subtype: 'error_max_turns' }),
    ];
    assert.equal(render(said).renderer.finalText(), undefined);
    assert.ok(!told(render(said).pieces).includes('text-end: final'));
  });

  it('a result that comes while the next block is being written disturbs nothing', () => {
    const said = [
      call('t'),
      textDelta('One '),
      answer('t', 'x'),
      textDelta('two.'),
      text('One two.'),
      result(),
    ];
    assert.equal(render(said).renderer.shownContent(), 'One two.');
  });

  it('a note to Claude in the middle of a block disturbs nothing either', () => {
    const note = user([{ type: 'text', text: 'note' }], { isSynthetic: true });
    const said = [textDelta('One '), note, textDelta('two.'), text('One two.'), result()];
    for (const visible of ['all', 'final'])
      assert.equal(render(said, visible).renderer.shownContent(), 'One two.');
  });

  it('who does not want to see narration sees none of a sub-agent', () => {
    const kinds = render(delegated, 'tools,final').pieces.map(
      ({ kind, parent }) => `${parent ?? 'main'} ${kind}`,
    );
    assert.ok(kinds.includes('agent1 tool-use'));
    assert.ok(!kinds.some((kind) => kind.startsWith('agent1 text')));
  });

  it('tools of the API are tools', () => {
    const said = [
      assistant({ type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } }),
      assistant({
        type: 'web_search_tool_result',
        tool_use_id: 's',
        content: [{ type: 'web_search_result', title: 'T', url: 'https://example.org/' }],
      }),
    ];
    assert.deepEqual(told(render(said).pieces), [
      'tool-use: s web_search {"query":"q"}',
      'tool-result: s T https://example.org/',
    ]);
  });
});

describe('a text with secrets', () => {
  it('is one text without them, wherever its deltas are cut, and is not repeated', () => {
    const token = 'abcdefghijklmnop';
    const words = `It is two words; Bearer ${token}, api_key = ${token} at the end.`;
    const clean = 'It is [redacted]; Bearer [redacted], api_key = [redacted] at the end.';
    for (let cut = 1; cut < words.length; cut += 1) {
      const said = [messageStart(), textDelta(words.slice(0, cut)), textDelta(words.slice(cut)), text(words)];
      for (const every of [0, 80]) {
        const { renderer } = renderFeed([...said, result()], 'all', every, ['two words']);
        assert.equal(renderer.shownContent(), clean, `cut at ${cut}`);
      }
    }
  });
});

describe('messages that nobody expected', () => {
  it('say nothing, and stop nothing', () => {
    const values: readonly unknown[] = [
      undefined,
      null,
      1,
      'x',
      [],
      [1, null],
      {},
      { type: 1 },
      { content: 'c' },
    ];
    const types = [
      'assistant',
      'user',
      'result',
      'system',
      'stream_event',
      'unparsed',
      'oversized',
      'new_one',
    ];
    const renderer = createTurnRenderer(parseVisibility('all'));
    for (const type of types) {
      for (const value of values) {
        renderer.take({ type, message: { message: value, event: value, parent_tool_use_id: value } });
        renderer.take({ type, message: { message: { content: value }, event: { delta: value } } });
        renderer.take({ type, message: { message: { content: [value] }, error: value, result: value } });
      }
    }
    for (const data of ['', 'x', 'null', '[]', '{}', '{"delta":"text"}', '{"delta":"x","text":"y"}']) {
      for (const kind of ['event', 'message', 'delta'] as const) {
        assert.deepEqual(renderer.takeEntry({ kind, type: 'assistant', data }), []);
      }
    }
    assert.deepEqual(renderer.take(text('Hi.')).at(-1), { kind: 'text', text: '\n\nHi.' });
  });

  it('give no data that is encrypted', () => {
    const said = [assistant({ type: 'redacted_thinking', data: 'OPAQUE' }), text('Hi.'), result()];
    assert.ok(!JSON.stringify(render(said).pieces).includes('OPAQUE'));
  });
});
