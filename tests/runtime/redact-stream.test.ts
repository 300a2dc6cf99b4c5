// Text that comes in pieces: no secret passes wherever it is cut, and nothing else is kept from its reader.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedactor } from '../../src/runtime/redact.js';
import { createStreamRedactor } from '../../src/runtime/redact-stream.js';
import { seeded } from '../support/seeded.js';

const secrets = [
  'hunter2-hunter2',
  'nightly-token',
  'abcabd',
  'abcabcabd-longer',
  'quo"te"d-secret',
  'back\\slash\\es',
  '\\\\\\\\\\\\',
  'line\nbreak\nsecret',
  'aaaaaa',
  'ubiquitous',
  '00babc',
  '12345678',
  'müller-geheim-☃',
];

/** What comes out of a text that is cut at these places. */
function streamed(text: string, cuts: readonly number[], known: readonly string[] = secrets): string {
  const redactor = createStreamRedactor(known);
  const ends = [...cuts, text.length].sort((a, b) => a - b);
  const pieces = ends.map((end, index) => redactor.push(text.slice(ends[index - 1] ?? 0, end)));
  return pieces.join('') + redactor.flush();
}

describe('a stream redactor', () => {
  const keys = [
    'sk-ant-api03-AbC_12-xyz',
    `ghp_${'a1B2'.repeat(9)}`,
    `github_pat_${'11A_bc'.repeat(8)}`,
    'Bearer   abc.def-ghi_jkl/mno==',
    'Authorization: Basic dXNlcjpwYXNzd29yZA==',
    '/jobs?x=1&api_key=short&y',
    'api_key = "0123456789abcdef"',
    'apikey\\": \\"0123456789abcdef\\"',
    'https://user:p%40ss@host/repo.git',
    ...secrets,
    ...secrets.map((secret) => JSON.stringify({ secret })),
    ...secrets.map((secret) => JSON.stringify(JSON.stringify({ secret }))),
  ];
  for (const key of keys) {
    it(`takes out ${JSON.stringify(key.slice(0, 30))} at whatever place it is cut`, () => {
      const text = `It is ${key}, you see: ${key}`;
      const clean = createRedactor(secrets)(text);
      assert.notEqual(clean, text);
      for (let a = 0; a <= text.length; a += 1) {
        assert.equal(streamed(text, [a]), clean);
        for (let b = a; b <= text.length; b += 7) assert.equal(streamed(text, [a, b]), clean);
      }
      assert.equal(
        streamed(
          text,
          [...text].map((_, index) => index),
        ),
        clean,
      );
    });
  }

  it('makes of any text in any pieces what the redactor makes of the whole', () => {
    const random = seeded(5);
    const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
    const beginnings = keys.map((key) => () => key.slice(0, Math.floor(random() * (key.length + 1))));
    const ends = keys.map((key) => () => key.slice(Math.floor(random() * (key.length + 1))));
    const filling = [
      ' ',
      '\n',
      '\\',
      '\\u00',
      '\\\\',
      '"',
      ':',
      '://',
      '@',
      '=',
      '_',
      'word ',
      'a',
      'Bearer ',
      '/',
      'é',
    ];
    for (let round = 0; round < 4000; round += 1) {
      const known = secrets.filter(() => random() < 0.6);
      const text = `x ${Array.from({ length: 8 }, () => {
        const kind = random();
        if (kind < 0.3) return pick(keys);
        const cut = kind < 0.6 ? beginnings : ends;
        return kind < 0.8 ? (cut[Math.floor(random() * cut.length)]?.() ?? '') : pick(filling);
      }).join(random() < 0.5 ? '' : ' ')}`;
      const cuts = Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
        Math.floor(random() * text.length),
      );
      const clean = createRedactor(known)(text);
      assert.equal(streamed(text, cuts, known), clean, JSON.stringify({ text, cuts, known }));
    }
  });

  it('gives ordinary words at once', () => {
    const redactor = createStreamRedactor(['hunter2-hunter2', 'nightly-token']);
    const text = 'Let me look at the file in /usr/lib (it is 3 kB): the Bearer of api keys? Yes! Done.';
    for (const word of text.match(/\S+\s*/g) ?? []) assert.equal(redactor.push(word), word);
    assert.equal(redactor.flush(), '');
  });

  it('holds back no more than what may be the beginning of a secret', () => {
    const redactor = createStreamRedactor(['hunter2-hunter2']);
    assert.equal(redactor.push('the hunt'), 'the ');
    assert.equal(redactor.push('er'), '');
    assert.equal(redactor.push('s hunt'), 'hunters ');
    assert.equal(redactor.push('er2-hunter2!'), '[redacted]!');
    assert.equal(redactor.push('Bearer abc'), 'Bearer ');
    assert.equal(redactor.push(' and'), 'abc and');
    assert.equal(redactor.flush(), '');
  });

  it('gives all at the end, and begins anew', () => {
    const redactor = createStreamRedactor(['hunter2-hunter2']);
    assert.equal(redactor.push('hunter2-'), '');
    assert.equal(redactor.flush(), 'hunter2-');
    assert.equal(redactor.push('hunter2 '), 'hunter2 ');
    assert.equal(redactor.push('sk-ant-abcdefgh'), '');
    assert.equal(redactor.flush(), '[redacted]');
  });

  it('never holds much, whatever a text is made of', () => {
    for (const piece of [
      '\\',
      'a',
      ':',
      '://',
      '?',
      'Bearer a',
      'https://a:',
      '?api_keys',
      'hunter2',
      'sk-ant',
      '0',
    ]) {
      const redactor = createStreamRedactor(['hunter2-hunter2', 'back\\slash']);
      let held = 0;
      for (let count = 0; count < 3000; count += 1) {
        held += piece.length - redactor.push(piece).length;
        assert.ok(held < 2000, piece);
      }
      assert.equal(redactor.flush().length, held);
    }
  });

  it('takes a large piece in one go', () => {
    for (const piece of ['lorem ipsum ', '\\', '://', 'bearer ', 'api_key', 'sk-ant-', 'https://aaaa:']) {
      const redactor = createStreamRedactor(['hunter2-hunter2', 'p@"ss\\word']);
      const clean =
        redactor.push(`${piece.repeat(2_000_000 / piece.length)} hunter2-hunter2`) + redactor.flush();
      assert.ok(!clean.includes('hunter2'), piece);
    }
  });
});
