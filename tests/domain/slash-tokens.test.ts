// The words in a chat that are meant for us: found where they are meant, and nowhere else.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asPlainText, stripTokens, takePartTokens, takeTokens } from '../../src/domain/slash-tokens.js';
import { applyTokens, SLASH_TOKENS, TEXT_ONLY } from '../../src/domain/visibility.js';
import { seeded } from '../support/seeded.js';

const taken = (text: string) => {
  const { text: left, tokens } = takeTokens(text);
  return [left, ...tokens];
};

describe('a slash token', () => {
  const alone: readonly (readonly [text: string, left: string, ...tokens: string[]])[] = [
    ['see /usr/bin /show-tools', 'see /usr/bin', '/show-tools'],
    ['a  b\n/hide-tools\nc', 'a  b\n\nc', '/hide-tools'],
    ['/show-all', '', '/show-all'],
    ['/show-all hi', 'hi', '/show-all'],
    ['hi /show-all', 'hi', '/show-all'],
    ['hi /show-all there', 'hi there', '/show-all'],
    ['a  /show-all  b', 'a   b', '/show-all'],
    ['hi\t/show-all\tthere', 'hi\tthere', '/show-all'],
    ['hi\r\n/show-all\r\nthere', 'hi\r\n\r\nthere', '/show-all'],
    ['hi\r\n/show-all there', 'hi\r\nthere', '/show-all'],
    ['/show-all\n', '\n', '/show-all'],
    ['/show-all /hide-tools /stream-status', '', '/show-all', '/hide-tools', '/stream-status'],
    ['/show-all /hide-tools go on', 'go on', '/show-all', '/hide-tools'],
    ['go on /show-all /hide-tools', 'go on', '/show-all', '/hide-tools'],
    ['go /show-all /hide-tools on', 'go on', '/show-all', '/hide-tools'],
    ['go /show-all on /hide-tools!', 'go on /hide-tools!', '/show-all'],
    ['if x:\n    /show-all run()\n    /hide-all', 'if x:\n    run()\n    ', '/show-all', '/hide-all'],
    ['\u00a0/show-all\u00a0hi', '\u00a0hi', '/show-all'],
    ['hi\u3000/show-all', 'hi', '/show-all'],
    ['hi\u2028/show-all\u2028there', 'hi\u2028\u2028there', '/show-all'],
    ['é /show-thinking 漢字 😀 /hide-final', 'é 漢字 😀', '/show-thinking', '/hide-final'],
    ['/show-all /show-all', '', '/show-all', '/show-all'],
  ];
  for (const [text, left, ...tokens] of alone) {
    it(`goes out of ${JSON.stringify(text)}`, () => assert.deepEqual(taken(text), [left, ...tokens]));
  }

  for (const text of [
    'hi /show-tools.',
    '/show-all/hide-all',
    'x/show-all',
    '`/show-all`',
    '/Show-all',
    '/SHOW-ALL',
    '/help me',
    '/show-everything',
    '"/show-all"',
    '//show-all',
    '/show-allx',
    '/show-all\u200b',
    'say ` /show-all ` please',
    'say `` ` /show-all ` `` please',
    'a `code\n /show-all over lines` b',
    '```\n/show-all\n```',
    '```sh\necho\n/show-all\n',
    '~~~\n/show-all\n```\n/hide-all\n~~~',
    '````\n```\n/show-all\n```\n````',
    '   ```\n/show-all\n   ```',
    '> ```\n> /show-all\n> ```',
    '- ```\n  /show-all\n  ```',
    '1. ```\r\n   /show-all\r\n   ```',
    '```\n/show-all\n``` not closed by this\n/hide-all',
    '```\n/show-all\n~~~\n/hide-all',
  ]) {
    it(`is none in ${JSON.stringify(text)}`, () => assert.deepEqual(taken(text), [text]));
  }

  const beside: readonly (readonly [text: string, left: string])[] = [
    ['```\ncode\n```\n/show-all', '```\ncode\n```\n'],
    ['/show-all\n```\n/show-all\n```', '\n```\n/show-all\n```'],
    ['~~~ x\n/show-all\n~~~~\n/show-all', '~~~ x\n/show-all\n~~~~\n'],
    ['a ` lonely backtick /show-all', 'a ` lonely backtick'],
    ['a `` of two /show-all and ` of one', 'a `` of two and ` of one'],
    ['a ` tick\n\n/show-all\n\nanother ` tick', 'a ` tick\n\n\n\nanother ` tick'],
    ['``` a `b` ``` /show-all', '``` a `b` ```'],
    ['`x` /show-all `y`', '`x` `y`'],
    ['`/show-all` /show-all', '`/show-all`'],
  ];
  for (const [text, left] of beside) {
    it(`is found beside code in ${JSON.stringify(text)}`, () =>
      assert.deepEqual(taken(text), [left, '/show-all']));
  }

  it('is one of exactly eleven', () => {
    assert.equal(SLASH_TOKENS.length, 11);
    for (const token of SLASH_TOKENS) assert.deepEqual(taken(token), ['', token]);
  });

  it('asks for the status only where it is meant', () => {
    assert.equal(takeTokens('/stream-status').asksStatus, true);
    assert.equal(takeTokens('go on /stream-status').asksStatus, true);
    assert.equal(takeTokens('what does `/stream-status` do?').asksStatus, false);
    assert.equal(takeTokens('/show-all').asksStatus, false);
  });
});

describe('a text without tokens', () => {
  it('comes back as it was, whatever it is made of', () => {
    const random = seeded(11);
    const words = [
      '/show-al',
      '/hide-all,',
      '`',
      '```\n',
      '~~~',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '  ',
      'a/b',
      '/',
      '漢',
      '😀',
    ];
    for (let round = 0; round < 5000; round += 1) {
      const text = Array.from({ length: 12 }, () => words[Math.floor(random() * words.length)]).join('');
      assert.deepEqual(takeTokens(text), { text, tokens: [], asksStatus: false });
    }
  });

  it('is what is left of one with tokens between its words', () => {
    const random = seeded(12);
    for (let round = 0; round < 2000; round += 1) {
      const words = Array.from({ length: 6 }, (_, i) => `word${i}`);
      const mixed = words.flatMap((word) =>
        random() < 0.5 ? [word] : [word, SLASH_TOKENS[Math.floor(random() * 11)] ?? ''],
      );
      const { text, tokens } = takeTokens(mixed.join(' '));
      assert.equal(text, words.join(' '));
      assert.deepEqual(
        tokens,
        mixed.filter((word) => word.startsWith('/')),
      );
    }
  });

  it('is read in one go, however long and full of beginnings it is', () => {
    for (const piece of ['/show-all ', '` ', '`` ` ', '```\n', '> ', '- ', ' ', '\n', '1. ', '/show-all\n']) {
      assert.ok(takeTokens(piece.repeat(200_000)).text.length <= piece.length * 200_000);
    }
  });
});

describe('tokens in the parts of a prompt', () => {
  const image = { kind: 'image', mediaType: 'image/png', data: 'AAAA' } as const;
  const text = (words: string) => ({ kind: 'text', text: words }) as const;

  it('may stand in any of them, and a part of which nothing is left goes', () => {
    assert.deepEqual(takePartTokens([text('/show-all'), image, text('look /hide-tools'), text(' ')]), {
      parts: [image, text('look'), text(' ')],
      tokens: ['/show-all', '/hide-tools'],
      asksStatus: false,
    });
  });

  it('leave nothing of a prompt that is made of them', () => {
    assert.deepEqual(takePartTokens([text(' /show-all\n'), text('/stream-status')]), {
      parts: [],
      tokens: ['/show-all', '/stream-status'],
      asksStatus: true,
    });
  });

  it('go out of what users said earlier, and stay in what Claude said', () => {
    const parts = [text('/show-all hi')];
    assert.deepEqual(stripTokens({ role: 'user', parts }), { role: 'user', parts: [text('hi')] });
    assert.deepEqual(stripTokens({ role: 'assistant', parts }), { role: 'assistant', parts });
  });
});

describe('what tokens change', () => {
  const after = (text: string) => {
    const { thinking, tools, narration, final } = applyTokens(TEXT_ONLY, takeTokens(text).tokens);
    return [thinking, tools, narration, final].map(Number).join('');
  };
  for (const [text, shown] of [
    ['', '0011'],
    ['/show-thinking', '1011'],
    ['/show-tools', '0111'],
    ['/hide-narration', '0001'],
    ['/hide-final', '0010'],
    ['/hide-narration /show-narration', '0011'],
    ['/show-all', '1111'],
    ['/hide-all', '0001'],
    ['/hide-final /hide-all', '0001'],
    ['/show-all /hide-all', '0001'],
    ['/hide-all /show-all', '1111'],
    ['/show-all /hide-thinking', '0111'],
    ['/hide-thinking /show-all', '1111'],
    ['/hide-all /show-tools /stream-status', '0101'],
    ['/show-tools /hide-tools', '0011'],
  ] as const) {
    it(`${text || 'nothing'} gives ${shown}`, () => assert.equal(after(text), shown));
  }
});

describe('text that begins with a slash', () => {
  it('is put out of reach of the slash interpreter', () => {
    assert.equal(asPlainText('/clear', []), '\n/clear');
    assert.equal(asPlainText('/', []), '\n/');
    assert.equal(asPlainText('/usr/bin is full', ['usr']), '\n/usr/bin is full');
    assert.equal(asPlainText('/reviews', ['review']), '\n/reviews');
  });
  it('is a command when the package has one of this name', () => {
    assert.equal(asPlainText('/review src', ['review']), '/review src');
    assert.equal(asPlainText('/review\nsrc', ['/review']), '/review\nsrc');
    assert.equal(asPlainText('/kit:review', ['kit:review']), '/kit:review');
  });
  it('leaves all other text alone', () => {
    for (const text of ['', 'hi', ' /clear', '\n/clear', 'a /clear'])
      assert.equal(asPlainText(text, []), text);
  });
});
