// What is being written is shown without its secrets, wherever it is cut, and nothing else is kept from its readers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeltaFlows } from '../../src/domain/delta-flows.js';
import { createRedactor } from '../../src/runtime/redact.js';
import { createStreamRedactor } from '../../src/runtime/redact-stream.js';
import {
  answer,
  call,
  inputDelta,
  messageStart,
  system,
  text,
  textDelta,
  thinking,
  thinkingDelta,
} from '../support/claude-says.js';

const SECRETS = ['two words'];
const TOKEN = 'abcdefghijklmnop';
const WHOLE = `It is two words, Bearer ${TOKEN} and api_key = "${TOKEN}".`;
const CLEAN = 'It is [redacted], Bearer [redacted] and api_key = "[redacted]".';

type Said = ReturnType<typeof text>;
const stop = (index = 0): Said => ({
  type: 'stream_event',
  message: { type: 'stream_event', event: { type: 'content_block_stop', index }, parent_tool_use_id: null },
});
const below = ({ type, message }: Said): Said => ({
  type,
  message: { ...message, parent_tool_use_id: 't1' },
});

function flow() {
  const flows = createDeltaFlows(() => createStreamRedactor(SECRETS));
  return (...said: readonly Said[]): readonly string[] =>
    said.flatMap((message) => flows.take(message).map((delta) => delta.text));
}

const cuts = (whole: string): readonly (readonly [string, string])[] =>
  Array.from({ length: whole.length - 1 }, (_, at) => [whole.slice(0, at + 1), whole.slice(at + 1)]);

describe('the deltas of a block', () => {
  it('are in one the complete text without secrets, wherever they are cut', () => {
    assert.equal(createRedactor(SECRETS)(WHOLE), CLEAN);
    for (const [one, two] of cuts(WHOLE)) {
      assert.equal(flow()(textDelta(one), textDelta(two), text(WHOLE), stop()).join(''), CLEAN);
      assert.equal(flow()(thinkingDelta(one), thinkingDelta(two), thinking(WHOLE)).join(''), CLEAN);
    }
    assert.equal(flow()(...[...WHOLE].map((char) => textDelta(char)), stop(), text(WHOLE)).join(''), CLEAN);
  });

  it('are given at once when nothing in them is suspicious', () => {
    const take = flow();
    assert.deepEqual(take(textDelta('unfin')), ['unfin']);
    assert.deepEqual(take(textDelta('ished')), ['ished']);
  });

  it('are given to their end ahead of the complete message, and once', () => {
    const take = flow();
    assert.deepEqual(take(textDelta('or two')), ['or ']);
    assert.deepEqual(take(text('or two')), ['two']);
    assert.deepEqual(take(stop()), []);
  });

  it('of a tool call are redacted as the JSON text that they are', () => {
    const input = { command: `curl -H "Authorization: Bearer ${TOKEN}"`, api_key: TOKEN };
    const json = JSON.stringify(input);
    for (const [one, two] of cuts(json)) {
      const shown = flow()(inputDelta(one), inputDelta(two), call('t1', input)).join('');
      assert.equal(shown, createRedactor(SECRETS)(json));
    }
  });

  it('are one text though a tool or a sub-agent speaks in between', () => {
    const take = flow();
    const shown = [
      ...take(textDelta('Bearer '), answer('t1', 'found'), system('status'), below(text('Below.'))),
      ...take(textDelta(TOKEN), text(`Bearer ${TOKEN}`)),
    ];
    assert.equal(shown.join(''), 'Bearer [redacted]');
  });

  it('of agents that write at the same time do not meet', () => {
    const take = flow();
    assert.deepEqual(take(textDelta('two'), below(textDelta(' words.'))), [' words.']);
    assert.deepEqual(take(textDelta(' words.')), ['[redacted].']);
  });

  it('end with the next block', () => {
    assert.deepEqual(flow()(textDelta('two'), textDelta(' more', 1)), ['two', ' more']);
  });
});

describe('of a block that never gets complete, half a secret is not given', () => {
  it('when the stream begins again', () => {
    assert.deepEqual(flow()(textDelta('or two w'), messageStart(), textDelta('or not.')), ['or ', 'or not.']);
    assert.deepEqual(flow()(textDelta('or two w'), system('api_retry'), textDelta('or not.')), [
      'or ',
      'or not.',
    ]);
  });

  it('when another telling of it comes complete', () => {
    assert.deepEqual(flow()(textDelta('or two w'), text('or two words'), stop()), ['or ']);
    assert.deepEqual(flow()(inputDelta('{"a":"two w'), call('t1', { a: 'two words' }), stop()), ['{"a":"']);
  });
});
