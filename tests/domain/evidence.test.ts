import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  aroundPrev,
  canonicalJson,
  chainEvents,
  firstBreak,
  GENESIS,
  type LedgerRecord,
} from '../../src/domain/evidence.js';
import type { JobEvent } from '../../src/domain/job-event.js';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

const events: JobEvent[] = [
  { type: 'CancelRequested', at: 1, by: 'a' },
  { type: 'CancelRequested', at: 2, by: 'b' },
  { type: 'JobCancelled', at: 3 },
];

describe('canonicalJson', () => {
  it('gives the same text for the same value however its keys are ordered', () => {
    assert.equal(
      canonicalJson({ b: [1, { d: null, c: 'é"' }], a: true }),
      '{"a":true,"b":[1,{"c":"é\\"","d":null}]}',
    );
  });
  it('leaves out undefined members as JSON does', () => {
    assert.equal(canonicalJson({ a: undefined, b: [undefined] }), '{"b":[null]}');
  });
  it('puts names that look like numbers in their place as well', () => {
    assert.equal(
      canonicalJson({ b: { '2': 1, '10': [{ '1': 0, '!': 1 }] }, a: 1 }),
      '{"a":1,"b":{"10":[{"!":1,"1":0}],"2":1}}',
    );
  });
});

describe('a chain of ledger records', () => {
  const tail = { version: 0, head: GENESIS };
  it('is whole however it was appended', () => {
    const first = chainEvents(events.slice(0, 1), tail, hash);
    const rest = chainEvents(events.slice(1), { version: 1, head: first.head() }, hash);
    const records = [...first.records, ...rest.records];
    assert.deepEqual(records, chainEvents(events, tail, hash).records);
    assert.equal(firstBreak(records, hash), undefined);
  });
  it('names its lines as they are hashed', () => {
    const { records, lines, head } = chainEvents(events, tail, hash);
    assert.deepEqual(lines, records.map(canonicalJson));
    assert.deepEqual(
      lines,
      records.map((record) => JSON.stringify(record)),
    );
    assert.deepEqual([records[1]?.prev, head()], [hash(lines[0] ?? ''), hash(lines[2] ?? '')]);
  });
  it('has records that are known but for the hash in them', () => {
    const host = `"prev":"${GENESIS}"`;
    const event = { type: 'AttemptStarted', at: 4, attempt: 1, worker: host, host } as const;
    const { lines } = chainEvents([event], { version: 7, head: hash('the last one') }, hash);
    const [before, behind] = aroundPrev(event, 8);
    assert.equal(`${before}${hash('the last one')}${behind}`, lines[0]);
  });
  const { records } = chainEvents(events, tail, hash);
  const tampered: Record<string, readonly LedgerRecord[]> = {
    'an edited record': records.map((record, index) => (index === 0 ? { ...record, at: 99 } : record)),
    'a record taken out': records.filter((_, index) => index !== 1),
    'records in another order': [records[1], records[0], records[2]].flatMap((record) => record ?? []),
  };
  for (const [what, ledger] of Object.entries(tampered)) {
    it(`shows ${what}`, () => assert.notEqual(firstBreak(ledger, hash), undefined));
  }
});
