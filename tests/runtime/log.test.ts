import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, type LoggerOptions } from '../../src/runtime/log.js';
import { createRedactor } from '../../src/runtime/redact.js';

function capture(options: Partial<LoggerOptions> & { readonly isTTY?: boolean } = {}) {
  const lines: string[] = [];
  const { isTTY = false, ...rest } = options;
  const output = { isTTY, write: (text: string) => lines.push(text) };
  return { lines, log: createLogger({ level: 'info', pretty: true, redact: String, ...rest, output }) };
}

describe('the log', () => {
  it('writes one line of JSON per fact, with its ids as fields', () => {
    const { lines, log } = capture();
    log('attempt.started', { job_id: 'j1', attempt: 2 });
    assert.equal(lines.length, 1);
    const record = JSON.parse(lines[0] ?? '');
    assert.match(record.time, /^\d{4}-\d\d-\d\dT/);
    delete record.time;
    assert.deepEqual(record, { level: 'info', msg: 'attempt.started', job_id: 'j1', attempt: 2 });
  });

  it('leaves out what is less important than its level, and everything when silent', () => {
    const { lines, log } = capture({ level: 'warn' });
    log('a.b');
    log('a.c', {}, 'debug');
    log('a.d', {}, 'error');
    assert.equal(lines.length, 1);
    const silent = capture({ level: 'silent' });
    silent.log('a.e', {}, 'error');
    assert.equal(silent.lines.length, 0);
  });

  it('never writes a secret, not even in an error, and its lines stay JSON', () => {
    const secret = 'pa"ss\\word-1';
    const { lines, log } = capture({ redact: createRedactor([secret]) });
    log('push.failed', {
      error: new Error(`git said ${secret}`, { cause: new Error(secret) }),
      url: `x ${secret}`,
    });
    log('request.done', { header: 'Bearer abcdefghijklmnopqrst' });
    for (const line of lines) JSON.parse(line);
    assert.doesNotMatch(lines.join(''), /ss.+word-1|abcdefghij/);
    assert.match(lines[0] ?? '', /"stack":/);
  });

  it('writes lines for people on a terminal only', () => {
    const { lines, log } = capture({ isTTY: true });
    log(
      'job.ended',
      { job_id: 'j1', text: 'two words \u001b[31m', error: new Error('gone\u001b[2J') },
      'warn',
    );
    const line = lines[0] ?? '';
    assert.match(line, /warn.*job\.ended/);
    assert.match(line, /j1/);
    assert.match(line, /Error: gone/);
    assert.ok(
      line.includes('two words \\u001b[31m') && !line.includes('\u001b[2J'),
      'nothing acts on the terminal',
    );
    const plain = capture({ isTTY: true, pretty: false });
    plain.log('job.ended');
    JSON.parse(plain.lines[0] ?? '');
  });

  it('does not fail when it cannot be written, or when a field cannot be rendered', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const { lines, log } = capture();
    log('odd.fields', { cyclic, big: 10n, none: undefined });
    assert.equal(lines.length, 1);
    const broken = {
      write() {
        throw new Error('EPIPE');
      },
    };
    createLogger({ level: 'info', pretty: true, redact: String, output: broken })('a.b');
  });
});
