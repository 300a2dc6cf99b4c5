import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorRow } from '../../src/domain/error-row.js';
import { AgenticoreError, ERRORS, isCode, publicCode } from '../../src/domain/errors.js';
import { OUTCOMES, type OutcomeRow } from '../../src/domain/outcomes.js';

/** The caller chose the model or what it was asked, but the refusal is another server's. */
const ABOUT_THE_MODEL = ['MODEL_NOT_FOUND', 'CLAUDE_BAD_REQUEST'];

const rows: readonly (readonly [string, ErrorRow])[] = Object.entries(ERRORS);

describe('the table of errors', () => {
  it('has codes in capitals and messages that are sentences', () => {
    for (const [code, { message }] of rows) {
      assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
      assert.match(message, /^([A-Z]|[a-z]+_[a-z]+ )/, code); // a sentence, or a field's name to begin with
      // The one text that clients of the predecessor compare literally has no full stop.
      if (code !== 'UNAUTHORIZED') assert.match(message, /\.$|\)\.$/, code);
      assert.ok(message.length <= 160, code);
    }
  });

  it('says no two things with one sentence', () => {
    assert.equal(new Set(rows.map(([, { message }]) => message)).size, rows.length);
  });

  it('has only HTTP statuses of failures, and never blames the caller for what may pass by itself', () => {
    for (const [code, { status, outcome }] of rows) {
      assert.ok(status >= 400 && status <= 599, code);
      const { follows }: OutcomeRow = OUTCOMES[outcome];
      if (outcome === 'bad_request') assert.ok(status < 500 || ABOUT_THE_MODEL.includes(code), code);
      if (follows !== 'fail') assert.ok(status >= 500 || status === 429, code);
      if (outcome === 'installation' || outcome === 'authentication') assert.ok(status >= 500, code);
    }
  });

  it('makes errors that carry code, message, details and the time to wait', () => {
    const plain = new AgenticoreError('QUEUE_FULL');
    assert.deepEqual(
      [plain.message, plain.details, plain.retryAfterS],
      [ERRORS.QUEUE_FULL.message, [], undefined],
    );
    const cause = new Error('why');
    const details = [{ path: 'task', message: 'is required' }];
    const full = new AgenticoreError('INVALID_REQUEST', 'No.', { details, retryAfterS: 3, cause });
    assert.deepEqual([full.message, full.details, full.retryAfterS, full.cause], ['No.', details, 3, cause]);
    assert.ok(isCode(full, 'INVALID_REQUEST') && !isCode(full, 'INTERNAL') && !isCode(cause, 'INTERNAL'));
    assert.equal(publicCode('QUEUE_FULL'), 'AGENTICORE_QUEUE_FULL');
  });
});
