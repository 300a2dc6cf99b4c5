// Prefix truth: a history is known again however clients send it back, and never mistaken for another one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ChatMessage, ChatPart } from '../../src/domain/chat.js';
import { chainHistory, conversationId, extendHead } from '../../src/domain/conversation.js';
import { GENESIS } from '../../src/domain/evidence.js';
import { withoutToggles } from '../../src/domain/exchanges.js';
import { configJson, TEXT_ONLY } from '../../src/domain/visibility.js';
import { seeded } from '../support/seeded.js';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const text = (words: string): ChatPart => ({ kind: 'text', text: words });
const image = (data: string): ChatPart => ({ kind: 'image', mediaType: 'image/png', data });
const user = (...parts: readonly (string | ChatPart)[]): ChatMessage => ({
  role: 'user',
  parts: parts.map((part) => (typeof part === 'string' ? text(part) : part)),
});
const assistant = (words: string): ChatMessage => ({ role: 'assistant', parts: [text(words)] });
const config = configJson({ visibility: TEXT_ONLY, scope: 'conversation' });
const headOf = (...history: readonly ChatMessage[]) => chainHistory(history, hash).head;

const plain = [user('hi'), assistant('Let me look.\n\nHello.'), user('and\n  now?'), assistant('Done.')];

describe('a history', () => {
  it('of nothing is where every chain begins', () => {
    assert.deepEqual(chainHistory([], hash), { head: GENESIS, exchanges: 0 });
  });

  it('is the chain of the turns that it came from', () => {
    const first = extendHead(GENESIS, [text('hi')], 'Let me look.\n\nHello.', hash);
    const second = extendHead(first, [text('and\n  now?')], 'Done.', hash);
    assert.deepEqual(chainHistory(plain, hash), { head: second, exchanges: 2 });
    assert.notEqual(chainHistory(plain.slice(0, 2), hash).head, second);
  });

  const same: readonly (readonly [name: string, history: readonly ChatMessage[]])[] = [
    ['with other line ends', [user('hi'), assistant('Let me look.\r\n\r\nHello.'), ...plain.slice(2)]],
    ['trimmed', [user(' hi\n'), assistant('\nLet me look.  \n\nHello. \n'), ...plain.slice(2)]],
    [
      'with its tokens',
      [user('/show-all hi'), plain[1] ?? user(), user('and\n  now? /hide-all'), assistant('Done.')],
    ],
    [
      'with toggles in between',
      [user('/show-all'), assistant(config), ...plain, user('/hide-all'), assistant(config)],
    ],
    ['with toggles that were not answered', [user('/show-all'), ...plain]],
    ['with a status in front of an answer', [...plain.slice(0, 3), assistant(`${config}Done.`)]],
    ['in more messages', [user('hi'), assistant('Let me look.'), assistant('Hello.'), ...plain.slice(2)]],
    [
      'with the thinking that was shown',
      [user('hi'), assistant('<think>\nHm.\n</think>\nLet me look.\n\nHello.'), ...plain.slice(2)],
    ],
    [
      'with thinking as another client keeps it',
      [
        user('hi'),
        assistant('<details type="reasoning" done="true">\n> Hm.\n</details>\nLet me look.\n\nHello.'),
        ...plain.slice(2),
      ],
    ],
    [
      'with the tools that were shown',
      [
        user('hi'),
        assistant(
          'Let me look.\n\n````tool_use:Bash\n```\nls\n```\n````\n\n```tool_result:error\nx\n```\n\nHello.',
        ),
        ...plain.slice(2),
      ],
    ],
  ];
  for (const [name, history] of same) {
    it(`is the same ${name}`, () => assert.deepEqual(chainHistory(history, hash), chainHistory(plain, hash)));
  }

  const other: readonly (readonly [name: string, history: readonly ChatMessage[]])[] = [
    ['edited', [user('hello'), ...plain.slice(1)]],
    ['edited in its indentation', [...plain.slice(0, 2), user('and\n now?'), assistant('Done.')]],
    ['regenerated', [...plain.slice(0, 3), assistant('Not done.')]],
    ['shorter', plain.slice(0, 2)],
    ['unanswered', plain.slice(0, 3)],
    ['longer', [...plain, user('more')]],
    ['in another order', [...plain.slice(2), ...plain.slice(0, 2)]],
    ['with an image', [user('hi', image('AAAA')), ...plain.slice(1)]],
    [
      'merged into one exchange',
      [user('hi'), user('and\n  now?'), assistant('Let me look.\n\nHello.\nDone.')],
    ],
    ['with roles exchanged', [assistant('hi'), user('Let me look.\n\nHello.'), ...plain.slice(2)]],
    ['with a code block of the answer left out', [...plain.slice(0, 3), assistant('Done.\n```js\nx\n```')]],
    ['with a toggle in code', [user('hi `/show-all`'), ...plain.slice(1)]],
  ];
  for (const [name, history] of other) {
    it(`is another one ${name}`, () => assert.notEqual(headOf(...history), headOf(...plain)));
  }

  it('knows images by what they show', () => {
    const withImage = (data: string) => headOf(user('look', image(data)), assistant('ok'));
    assert.equal(withImage('AAAA'), withImage('AAAA'));
    assert.notEqual(withImage('AAAA'), withImage('AAAB'));
    assert.equal(extendHead(GENESIS, [text('look'), image('AAAA')], 'ok', hash), withImage('AAAA'));
  });

  it('knows a letter with an accent, however it is written', () => {
    assert.equal(headOf(user('café'), assistant('né')), headOf(user('cafe\u0301'), assistant('ne\u0301')));
  });

  it('remembers a turn of which nothing was shown', () => {
    const head = extendHead(extendHead(GENESIS, [text('a')], '', hash), [text('b')], 'B', hash);
    assert.equal(headOf(user('a'), assistant(''), user('b'), assistant('B')), head);
  });

  it('is not moved by a prompt of nothing but tokens', () => {
    assert.equal(extendHead('head', [text('/show-all')], config, hash), 'head');
  });

  it('gives Claude none of what was not said to it', () => {
    assert.deepEqual(
      withoutToggles([
        user('/show-all'),
        assistant(config),
        user('/show-tools hi'),
        assistant(`${config}Hello.`),
        user('/hide-all'),
      ]),
      [user('hi'), assistant('Hello.')],
    );
  });

  it('is read in one go, however odd it is', () => {
    for (const odd of ['```tool_use\n', '<think>', '<details type="reasoning"', '\r', '`', '/show-all ']) {
      assert.equal(
        chainHistory([user(odd.repeat(200_000)), assistant(odd.repeat(200_000))], hash).head.length,
        64,
      );
    }
  });
});

describe('any conversation', () => {
  const words = [
    'look',
    '/usr/bin',
    '```\ncode\n```',
    '\n',
    '  indented',
    'é',
    'e\u0301',
    '{"a":1}',
    '😀',
    '\t',
    '.',
  ];
  function talk(random: () => number) {
    const pick = (): string => words[Math.floor(random() * words.length)] ?? '';
    const phrase = (): string => `w${Array.from({ length: 1 + Math.floor(random() * 6) }, pick).join(' ')}`;
    return Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
      prompt: random() < 0.2 ? [text(phrase()), image(phrase())] : [text(phrase())],
      shown: phrase(),
    }));
  }
  /** As a client might send it back. */
  function echo(turns: ReturnType<typeof talk>, random: () => number): readonly ChatMessage[] {
    return turns.flatMap(({ prompt, shown }) => {
      const said =
        random() < 0.3 ? shown.replaceAll('\n', '\r\n') : random() < 0.3 ? shown.trim() : `${shown}\n`;
      const turn = [{ role: 'user', parts: prompt } as const, assistant(said)];
      return random() < 0.2 ? [user('/show-tools'), assistant(config), ...turn] : turn;
    });
  }

  it('is known by its echo at each turn, and by no altered one', () => {
    const random = seeded(3);
    for (let round = 0; round < 500; round += 1) {
      const turns = talk(random);
      let known = GENESIS;
      const heads = turns.map(({ prompt, shown }) => {
        known = extendHead(known, prompt, shown, hash);
        return known;
      });
      for (const [index, head] of heads.entries()) {
        const history = echo(turns.slice(0, index + 1), random);
        assert.equal(headOf(...history), head, JSON.stringify(history));
      }
      const at = Math.floor(random() * turns.length);
      const altered = turns.map((turn, i) => {
        if (i !== at) return turn;
        return random() < 0.5
          ? { ...turn, shown: `${turn.shown}x` }
          : { ...turn, prompt: [text('other'), ...turn.prompt] };
      });
      assert.ok(!heads.includes(headOf(...echo(altered, random))));
    }
  });
});

describe('the id of a conversation', () => {
  const caller = { name: 'ci' };
  const ids = [
    conversationId({ agent: 'a', caller, key: 'k' }, hash),
    conversationId({ agent: 'b', caller, key: 'k' }, hash),
    conversationId({ agent: 'a', caller: { name: 'other' }, key: 'k' }, hash),
    conversationId({ agent: 'a', caller: { name: 'ci', user: 'u' }, key: 'k' }, hash),
    conversationId({ agent: 'a', caller: { name: 'ci', user: 'v' }, key: 'k' }, hash),
    conversationId({ agent: 'a', caller, key: 'l' }, hash),
    conversationId({ agent: 'a', caller, head: 'k' }, hash),
    conversationId({ agent: 'a', caller: { name: 'ci', user: '' }, key: 'k' }, hash),
  ];
  it('is never that of another agent, caller, user, key or history', () => {
    assert.equal(new Set(ids).size, ids.length);
  });
  it('is the same for the same', () => {
    assert.equal(conversationId({ agent: 'a', caller: { name: 'ci' }, key: 'k' }, hash), ids[0]);
  });
});
