import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedactor } from '../../src/runtime/redact.js';

describe('a redactor', () => {
  it('takes known values out of plain text, wherever they stand', () => {
    const redact = createRedactor(['hunter2-hunter2', 'nightly-token']);
    assert.equal(redact('a hunter2-hunter2b, nightly-token'), 'a [redacted]b, [redacted]');
  });

  it('takes out the longer of two values that overlap, and leaves no piece of it', () => {
    const redact = createRedactor(['abcdef', 'abcdef-ghijkl']);
    assert.equal(redact('abcdef-ghijkl abcdef'), '[redacted] [redacted]');
  });

  it('leaves values alone that are shorter than a secret would be', () => {
    assert.equal(createRedactor(['', 'dev', 'admin'])('an admin in dev'), 'an admin in dev');
  });

  const keys = [
    'sk-ant-api03-AbC_12-xyz',
    `ghp_${'a1B2'.repeat(9)}`,
    `gho_${'a1B2'.repeat(9)}`,
    `github_pat_${'11A_bc'.repeat(8)}`,
    'Bearer abc.def-ghi_jkl/mno==',
    'bearer abcdefghijklmnop',
    'Authorization: Basic dXNlcjpwYXNzd29yZA==',
    '/jobs?x=1&api_key=short',
    'api_key="0123456789abcdef"',
    'https://user:p%40ss@host/repo.git',
  ];
  for (const key of keys) {
    it(`recognises ${key.slice(0, 24)}... without having been told`, () => {
      const redact = createRedactor([]);
      for (const text of [key, JSON.stringify({ key }), JSON.stringify({ a: JSON.stringify({ key }) })]) {
        const clean = redact(text);
        assert.match(clean, /\[redacted\]/);
        assert.doesNotMatch(clean, /AbC_12|a1B2|11A_bc|def-ghi|efghijkl|dXNlcj|=short|0123456789|p%40ss/);
        if (text !== key) JSON.parse(clean);
      }
    });
  }

  it('leaves ordinary text alone', () => {
    const text =
      'the bearer of api keys: see https://host:8080/a@b and Basic usage; task-ant; 12:30@home ghp_short';
    assert.equal(createRedactor([])(text), text);
  });

  // Values made to tear JSON open: quotes, backslashes, line ends, beginnings that may be the tail of an escape.
  const nasty = [
    'quo"te"d-secret',
    'back\\slash\\es',
    'trailing-back\\',
    '"leading-quote',
    'line\nbreak\nsecret',
    'nightly-token',
    'tab-begins-here',
    'ubiquitous',
    'babcdef12',
    '1bdeadbeef',
    '12345678',
    'müller-geheim-☃',
    '{"type":"service","key":"v"}',
    '$&$1$`-dollars',
    'a.b*c(d)e[f]',
  ];

  it('keeps JSON valid and finds every value in it, also nested and beside escapes', () => {
    const redact = createRedactor(nasty);
    for (const value of nasty) {
      const contents = [
        value,
        `\n${value}`,
        `\\${value}`,
        `\\\\${value}\\`,
        `\u001b${value}`,
        `\u0000${value}\t`,
        `x${value}"`,
      ];
      for (const content of contents) {
        const once = JSON.stringify({ content, more: [content], [content]: 1 });
        for (const text of [
          once,
          JSON.stringify({ once }),
          JSON.stringify({ twice: JSON.stringify({ once }) }),
        ]) {
          const clean = redact(text);
          assert.doesNotThrow(() => JSON.parse(clean), `${text} became ${clean}`);
          assert.ok(!unwrapped(JSON.parse(clean)).includes(value), `${value} survives in ${clean}`);
        }
      }
      assert.ok(!redact(`plain ${value} text`).includes(value));
    }
  });

  it('does not change JSON whose structure only looks like a value', () => {
    const redact = createRedactor(['"leading-quote', '","b":"']);
    const text = JSON.stringify({ a: 'leading-quote', b: '' });
    assert.equal(redact(text), text);
  });

  it('replaces digits by digits, because they may be a number', () => {
    const clean = createRedactor(['12345678'])('{"at":1234567899,"key":"12345678"}');
    assert.deepEqual(JSON.parse(clean), { at: 9999999999, key: '99999999' });
  });

  it('copes with random text around random values', () => {
    const alphabet = ['"', '\\', '\n', '\u001b', 'n', 'u', '0', 'a', 'b', 'f', '/', ' ', '{', ':', 'é'];
    let state = 42;
    const next = (below: number): number => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return Math.floor((state / 2147483648) * below);
    };
    const word = (length: number): string =>
      Array.from({ length }, () => alphabet[next(alphabet.length)]).join('');
    for (let round = 0; round < 3000; round += 1) {
      const secret = word(6 + next(4));
      const text = JSON.stringify({ x: word(next(8)) + secret + word(next(8)), y: word(30) });
      const clean = createRedactor([secret])(text);
      assert.doesNotThrow(() => JSON.parse(clean), `${JSON.stringify(secret)}: ${text} became ${clean}`);
      assert.ok(!JSON.parse(clean).x.includes(secret), `${JSON.stringify(secret)} survives in ${clean}`);
    }
  });

  it('handles a line of 20 MB, whatever it is made of', () => {
    const redact = createRedactor(['hunter2-hunter2', 'p@"ss\\word']);
    const pieces = [
      'lorem ipsum dolor ',
      '\\',
      '://',
      'bearer ',
      'api_key',
      ':',
      'a',
      '"\n',
      'sk-ant-',
      'https://aaaa:',
    ];
    for (const piece of pieces) {
      const text = JSON.stringify({ x: `${piece.repeat(20_000_000 / piece.length)}hunter2-hunter2` });
      assert.ok(!redact(text).includes('hunter2'), piece);
    }
  });
});

/** Every text of a value, JSON inside of texts unfolded. */
function unwrapped(value: unknown): string {
  if (typeof value === 'string') {
    try {
      const inner: unknown = JSON.parse(value);
      if (typeof inner === 'object') return unwrapped(inner);
    } catch {
      return value;
    }
    return value;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .flatMap(([key, member]) => [key, unwrapped(member)])
    .join('\u0001');
}
