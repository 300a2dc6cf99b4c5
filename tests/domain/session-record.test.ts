// Claude's own session file next to the transcript: the same, whatever was taken out as a secret, or named.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLineage, openSessionRecord, saysSame } from '../../src/domain/session-record.js';

type Row = Record<string, unknown>;

const rows = (): Row[] => [
  { type: 'user', uuid: 'p', parentUuid: null, message: { role: 'user', content: 'Do it.' } },
  {
    type: 'assistant',
    uuid: 'a',
    parentUuid: 'p',
    message: { content: [{ type: 'thinking', thinking: 'So.' }] },
  },
  {
    type: 'assistant',
    uuid: 'b',
    parentUuid: 'a',
    message: {
      content: [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'echo sk-ant-secret1' } }],
    },
  },
  {
    type: 'user',
    uuid: 'c',
    parentUuid: 'b',
    message: { content: [{ type: 'tool_result', tool_use_id: 't', content: 'key: sk-ant-secret1' }] },
  },
  { type: 'assistant', uuid: 'd', parentUuid: 'c', message: { content: [{ type: 'text', text: 'Done.' }] } },
];

/** What is wrong when the transcript has these rows, secrets taken out, and the file those. */
function faultOf(file: readonly Row[], said: readonly Row[] = rows()): string | undefined {
  const record = openSessionRecord(file.map((row) => `${JSON.stringify(row)}\n`).join(''));
  for (const [at, row] of said.entries()) {
    const message = JSON.parse(JSON.stringify(row).replaceAll('sk-ant-secret1', '[redacted]'));
    const fault = record.take({ attempt: 1, name: `1:${at + 1}`, message });
    if (fault !== undefined) return fault;
  }
  return record.rest();
}

const changed = (at: number, from: string, to: string): Row[] =>
  rows().with(at, JSON.parse(JSON.stringify(rows()[at]).replace(from, to)));

describe("Claude's session file", () => {
  it('agrees with the transcript of its turn, whatever other turns it holds', () => {
    assert.equal(faultOf(rows()), undefined);
    const later = [
      { type: 'user', uuid: 'q', parentUuid: 'd', message: { content: 'More.' } },
      {
        type: 'assistant',
        uuid: 'e',
        parentUuid: 'q',
        message: { content: [{ type: 'text', text: 'Yes.' }] },
      },
    ];
    assert.equal(faultOf([...rows(), ...later]), undefined);
    assert.equal(faultOf([...rows(), ...later], later), undefined);
  });

  for (const [what, file, fault] of [
    ['thinking edited', changed(1, 'So.', 'Sx.'), /^line 2 .* something else than message 1:2$/],
    ['a tool input edited', changed(2, 'echo', 'rm'), /^line 3 .* something else/],
    ['a result edited beside a secret', changed(3, 'key', 'kex'), /^line 4 .* something else/],
    ['a text edited', changed(4, 'Done', 'Gone'), /^line 5 .* something else/],
    ['a line deleted', rows().toSpliced(3, 1), /^message 1:4 is not in Claude's session file$/],
    ['the tail cut off', rows().slice(0, 4), /^message 1:5 is not in/],
    ['a line there twice', rows().toSpliced(2, 0, rows()[2] ?? {}), /^line 4 .* there twice$/],
    [
      'lines in another order',
      rows()
        .with(1, rows()[2] ?? {})
        .with(2, rows()[1] ?? {}),
      /^line 2 .* before the one that it follows$/,
    ],
    [
      'a line put in',
      rows().toSpliced(4, 0, { ...rows()[4], uuid: 'x' }),
      /^line 5 .* is not in the transcript$/,
    ],
    ['a line put behind', [...rows(), { ...rows()[4], uuid: 'x' }], /^line 6 .* is not in the transcript$/],
  ] as const) {
    it(`does not agree with ${what}`, () => assert.match(faultOf(file) ?? 'nothing', fault));
  }

  it('may have anything where a secret was taken out, and nothing else anywhere', () => {
    for (const [redacted, original, same] of [
      ['a [redacted] b', 'a secret b', true],
      ['[redacted]', '', false],
      ['a[redacted]b[redacted]c', 'a1b2c', true],
      ['a[redacted]b[redacted]c', 'a1c', false],
      ['a [redacted] b', 'a secret c', false],
      ['{"a":"[redacted]"}', '{"a":"s","b":"t"}', false],
      ['{"a":"[redacted]"}', '{"a":"s\\"t"}', true],
      ['a', 'a', true],
      ['a', 'b', false],
    ] as const)
      assert.equal(saysSame(redacted, original), same, `${redacted} ${original}`);
  });
});

describe('a session file that is gone on with', () => {
  const textOf = (file: readonly Row[]): string => file.map((row) => `${JSON.stringify(row)}\n`).join('');
  const holdsUpTo = (text: string, uuid: string): boolean => {
    const lineage = createLineage();
    for (const line of text.split('\n')) lineage.take(line);
    return lineage.holdsUpTo(uuid);
  };

  it('holds a message with all that it follows', () => {
    assert.ok(holdsUpTo(textOf(rows()), 'd'));
    assert.ok(holdsUpTo(textOf(rows()), 'b'), 'whatever comes after it');
    const compacted = [
      { type: 'system', uuid: 'z', parentUuid: null },
      { ...rows()[4], parentUuid: 'z' },
    ];
    assert.ok(holdsUpTo(`${textOf(compacted)}{"type":"last-prompt"}\nno JSON\n`, 'd'));
  });

  it('lacks it when any line on the way is missing, cut short, or leads in a ring', () => {
    for (const missing of [0, 1, 2, 3, 4])
      assert.ok(!holdsUpTo(textOf(rows().toSpliced(missing, 1)), 'd'), `without line ${missing + 1}`);
    assert.ok(!holdsUpTo(textOf(rows()).slice(0, -5), 'd'));
    assert.ok(!holdsUpTo('', 'd'));
    assert.ok(!holdsUpTo(textOf(changed(0, 'null', '"d"')), 'd'));
  });
});
