// What the real Claude Code CLI says, rendered: the same for the reader at the process and for one of the feed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { createTurnRenderer } from '../../../src/domain/render-turn.js';
import { asPlainText } from '../../../src/domain/slash-tokens.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { parseVisibility } from '../../../src/domain/visibility.js';
import { createLiveFeed } from '../../support/live-feed.js';
import { blocksOf } from './lines.js';
import { type Line, openClaude } from './real-claude.js';

const work: Script = {
  name: 'work',
  match: 'work',
  steps: [
    {
      think: 'I look at both of them first.',
      say: 'Let me look at both.',
      call: [
        { tool: 'Bash', input: { command: 'sleep 0.2; echo one', description: 'Look' } },
        { tool: 'Bash', input: { command: 'echo two >&2; exit 3', description: 'Look elsewhere' } },
      ],
    },
    { think: 'That was it.', say: 'Both are done: one and two.' },
  ],
};
const torn: Script = {
  name: 'torn',
  match: 'torn',
  steps: [
    {
      say: 'This text is cut once, and then comes whole.',
      fault: { kind: 'cut', at: 'mid_block', times: 1 },
    },
  ],
};
const long: Script = {
  name: 'long',
  match: 'long',
  steps: [{ think: 'Hm.', say: 'Part one,', stop_reason: 'max_tokens' }, { say: ' part two.' }],
};
const refused: Script = {
  name: 'refused',
  match: 'refused',
  steps: [{ fault: { status: 400, message: 'No.' } }],
};
const slash: Script = { name: 'slash', match: '/clear', steps: [{ say: 'I read a slash.' }] };

/** The same lines by both ways. */
function renderBoth(lines: readonly Line[], visible = 'all') {
  const direct = createTurnRenderer(parseVisibility(visible));
  const reader = createTurnRenderer(parseVisibility(visible));
  const feed = createLiveFeed();
  const pieces: TurnPiece[] = [];
  const read: TurnPiece[] = [];
  for (const [at, message] of lines.entries()) {
    const type = String(message.type);
    pieces.push(...direct.take({ type, message }));
    for (const entry of feed.take({ type, message }, at * 10)) read.push(...reader.takeEntry(entry));
  }
  pieces.push(...direct.end());
  read.push(...reader.end());
  assert.deepEqual(perKind(read), perKind(pieces));
  assert.equal(reader.shownContent(), direct.shownContent());
  assert.equal(reader.finalText(), direct.finalText());
  assert.equal(reader.stopReason(), direct.stopReason());
  return { pieces, kinds: perKind(pieces), renderer: direct };
}

/** All of each kind, in one. */
function perKind(pieces: readonly TurnPiece[]) {
  const of = (kind: TurnPiece['kind']) => pieces.filter((piece) => piece.kind === kind);
  const textOf = (kind: 'text' | 'thinking') =>
    pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('');
  return {
    thinking: textOf('thinking'),
    text: textOf('text'),
    ends: pieces.flatMap((piece) => (piece.kind === 'text-end' ? [piece.role] : [])),
    calls: of('tool-use'),
    results: of('tool-result'),
  };
}

describe('a turn of the real CLI', { concurrency: 2 }, () => {
  test('with thinking, text, two calls at once and an answer', async (t) => {
    const claude = await openClaude(t, { scripts: [work] });
    const lines = await claude.turn('work');
    const { pieces, kinds, renderer } = renderBoth(lines);
    assert.equal(kinds.thinking, 'I look at both of them first.\n\nThat was it.');
    assert.equal(kinds.text, 'Let me look at both.\n\nBoth are done: one and two.');
    assert.deepEqual(kinds.ends, ['narration', 'final']);
    assert.deepEqual(
      kinds.calls.map((call) => call.kind === 'tool-use' && [call.name, JSON.parse(call.input).command]),
      [
        ['Bash', 'sleep 0.2; echo one'],
        ['Bash', 'echo two >&2; exit 3'],
      ],
    );
    assert.deepEqual(kinds.results.map((result) => result.kind === 'tool-result' && result.isError).sort(), [
      false,
      true,
    ]);
    assert.ok(pieces.filter((piece) => piece.kind === 'text').length > 4, 'the text comes in pieces');
    assert.equal(renderer.finalText(), 'Both are done: one and two.');
    assert.equal(renderer.stopReason(), 'end_turn');

    const plain = renderBoth(lines, 'final');
    assert.deepEqual(plain.pieces, [
      { kind: 'text', text: 'Both are done: one and two.' },
      { kind: 'text-end', role: 'final' },
    ]);
  });

  test('whose stream is cut gives each character once', async (t) => {
    const claude = await openClaude(t, { scripts: [torn] });
    const lines = await claude.turn('torn');
    assert.ok(blocksOf(lines, 'assistant').length > 0);
    const { kinds } = renderBoth(lines);
    assert.equal(kinds.text, 'This text is cut once, and then comes whole.');
    assert.deepEqual(kinds.ends, ['final']);
  });

  test('that goes on after max_tokens is one text', async (t) => {
    const claude = await openClaude(t, { scripts: [long] });
    const { kinds } = renderBoth(await claude.turn('long'));
    assert.equal(kinds.text, 'Part one, part two.');
    assert.deepEqual(kinds.ends, ['final']);
  });

  test('that the API refuses says nothing', async (t) => {
    const claude = await openClaude(t, { scripts: [refused] });
    const { pieces, renderer } = renderBoth(await claude.turn('refused'));
    assert.deepEqual(pieces, []);
    assert.equal(renderer.finalText(), undefined);
  });

  test('that begins with a slash is read by the model, not by the CLI', async (t) => {
    const claude = await openClaude(t, { scripts: [slash] });
    const { kinds } = renderBoth(await claude.turn(asPlainText('/clear', [])));
    assert.equal(kinds.text, 'I read a slash.');
  });
});
