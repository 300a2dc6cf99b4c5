// What the real Claude Code CLI makes of each fault. One process meets them turn by turn: an API error does not end it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault, Script } from '../../../scripts/scripted-model/script.js';
import { eventually } from '../../support/eventually.js';
import { at, linesOf, piecesOf } from './lines.js';
import { type Line, openClaude } from './real-claude.js';

const answer = 'One two three four.';

type Case = {
  readonly name: string;
  readonly fault: Fault;
  /** Of the result: its HTTP status and text. */
  readonly error?: readonly [status: number | null, text: RegExp];
  /** Of the assistant message that the CLI writes in the place of an answer. */
  readonly code?: string;
  /** What the retries, if any, give as their reason. */
  readonly retries?: readonly string[];
  /** Pieces of text seen before it went wrong. */
  readonly pieces?: number;
};

const refusals: readonly Case[] = [
  { name: '403', fault: { status: 403 }, error: [403, /API Error: 403/], code: 'authentication_failed' },
  {
    name: '404',
    fault: { status: 404 },
    error: [404, /issue with the selected model/],
    code: 'model_not_found',
  },
  { name: '400', fault: { status: 400 }, error: [400, /scripted model refuses/], code: 'unknown' },
  {
    name: 'empty purse',
    fault: { status: 400, message: 'Your credit balance is too low to access the Anthropic API.' },
    error: [400, /Credit balance is too low/],
    code: 'billing_error',
  },
  { name: 'long wait', fault: { status: 429, retry_after: 3600 }, error: [429, /429/], code: 'rate_limit' },
  {
    name: 'no retry, please',
    fault: { status: 500, headers: { 'x-should-retry': 'false' } },
    error: [500, /500/],
    code: 'server_error',
  },
];

const brokenStreams: readonly Case[] = [
  { name: 'before any block', fault: { kind: 'cut', at: 'before_block', times: 1 }, pieces: 0 },
  { name: 'within a block', fault: { kind: 'cut', times: 1 }, pieces: 2 },
  { name: 'error event', fault: { kind: 'error_event', times: 1 }, pieces: 2 },
  {
    name: 'after a block',
    fault: { kind: 'cut', at: 'after_block' },
    error: [null, /Connection closed mid-response/],
    pieces: 4,
  },
  {
    name: 'page of a proxy',
    fault: { kind: 'html200' },
    error: [null, /empty or malformed response \(HTTP 200\)/],
  },
  {
    name: 'empty stream',
    fault: { kind: 'empty' },
    error: [null, /empty or malformed response \(HTTP 200\)/],
  },
  { name: 'garbage', fault: { kind: 'garbage' }, error: [null, /API Error/] },
];

const retried: readonly Case[] = [
  {
    name: 'wrong key',
    fault: { status: 401 },
    error: [401, /Invalid API key/],
    code: 'authentication_failed',
    retries: ['authentication_failed'],
  },
  { name: 'overloaded', fault: { status: 529, times: 1 }, retries: ['overloaded'] },
  { name: 'server error', fault: { status: 500, times: 1 }, retries: ['server_error'] },
  { name: 'short wait', fault: { status: 429, retry_after: 1, times: 1 }, retries: ['rate_limit'] },
];

const hanging: readonly Case[] = [
  { name: 'no headers', fault: { kind: 'hang_before_headers', times: 1 }, retries: ['unknown'] },
];

const scriptOf = ({ name, fault }: Case): Script => ({
  name,
  match: `(${name})`,
  steps: [{ say: answer, fault }],
});

function check({ error, code, retries, pieces }: Case, lines: readonly Line[]): void {
  const end = lines.at(-1);
  assert.equal(end?.subtype, 'success');
  assert.equal(end?.is_error, error !== undefined);
  if (error === undefined) assert.equal(end?.result, answer);
  else {
    assert.equal(end?.api_error_status, error[0]);
    assert.match(String(end?.result), error[1]);
  }
  const synthetic = linesOf(lines, 'assistant').find((line) => at(line, 'message.model') === '<synthetic>');
  if (code !== undefined) assert.equal(synthetic?.error, code);
  assert.deepEqual(
    linesOf(lines, 'system', 'api_retry').map((line) => line.error),
    retries ?? [],
  );
  if (pieces !== undefined) assert.equal(piecesOf(lines, 'text_delta.text').length, pieces);
}

const groups: readonly (readonly [what: string, cases: readonly Case[], env: Record<string, string>])[] = [
  ['refusals fail at once', refusals, {}],
  ['a broken stream is asked for again only before its first block is whole', brokenStreams, {}],
  ['what may pass is retried', retried, {}],
  ['headers that never come are given up after API_TIMEOUT_MS', hanging, { API_TIMEOUT_MS: '2500' }],
];

describe('the CLI meets faults', { concurrency: 2 }, () => {
  for (const [what, cases, env] of groups) {
    test(what, async (t) => {
      const claude = await openClaude(t, { scripts: cases.map(scriptOf), env });
      for (const one of cases)
        await t.test(one.name, async () => check(one, await claude.turn(`meet (${one.name})`)));
    });
  }

  test('a subscription is told of its usage limit, and fails at once', async (t) => {
    const fault: Fault = { status: 429, rate_limit: { status: 'rejected', resets_in: 3600 } };
    const scripts = [scriptOf({ name: 'limit', fault })];
    const claude = await openClaude(t, { scripts, key: 'oauth' });
    const lines = await claude.turn('meet (limit)');
    const [told] = linesOf(lines, 'rate_limit_event');
    assert.equal(at(told, 'rate_limit_info.status'), 'rejected');
    assert.equal(at(told, 'rate_limit_info.rateLimitType'), 'five_hour');
    assert.ok(Number(at(told, 'rate_limit_info.resetsAt')) * 1000 > Date.now());
    assert.match(String(lines.at(-1)?.result), /hit your session limit/);
    assert.equal(claude.model.requests.filter(({ path }) => path === '/v1/messages').length, 1);
  });

  test('a silence leaves the CLI waiting, and an interrupt ends it', async (t) => {
    const scripts = [scriptOf({ name: 'silence', fault: { kind: 'silence' } })];
    const claude = await openClaude(t, { scripts });
    const turn = claude.turn('meet (silence)');
    const interrupted = eventually(
      'a piece',
      () => piecesOf(claude.lines, 'text_delta.text').length > 0,
    ).then(() => {
      claude.send({ type: 'control_request', request_id: 'stop', request: { subtype: 'interrupt' } });
    });
    const end = (await Promise.all([turn, interrupted]))[0].at(-1);
    assert.equal(end?.subtype, 'error_during_execution');
    assert.equal(end?.terminal_reason, 'aborted_streaming');
  });
});
