// A turn that came by the lane, as those who follow its feed see it: each word when it is said, and no secret.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import { followTurn } from '../../src/app/turn/follow-turn.js';
import { runClaimedTurn } from '../../src/app/turn/run-claimed-turn.js';
import { submitWaiting } from '../../src/app/turn/submit-turn.js';
import type { TurnPiece } from '../../src/domain/turn-piece.js';
import { parseVisibility } from '../../src/domain/visibility.js';
import type { Bus } from '../../src/ports/bus.js';
import type { TranscriptEntry } from '../../src/ports/transcript-log.js';
import { answer, call, messageStart, result, text, textDelta } from '../support/claude-says.js';
import { eventually } from '../support/eventually.js';
import { report } from './doubles.js';
import { asking, begin, helper, never, setAgentStage } from './turn-stage.js';

const visibility = parseVisibility('all');
const request = asking('Tell me.', { auxiliary: true });

type Say = (said: ReturnType<typeof text>) => void;

/** Runs a turn by the lane in which Claude says this; returns its job's id and how to follow it. */
async function runTurn(t: TestContext, speak: (say: Say, stored: readonly TranscriptEntry[]) => void) {
  const stored: TranscriptEntry[] = [];
  const { deps, stage, bus } = await setAgentStage(t, {
    policy: { visibility },
    transcript: ({ transcript }) => ({
      ...transcript,
      append(jobId, attempt, entries) {
        stored.push(...entries);
        return transcript.append(jobId, attempt, entries);
      },
    }),
    async perform(order, listener) {
      begin(order, listener);
      speak(({ type, message }) => {
        void listener.message({ type, message, line: JSON.stringify(message) });
      }, stored);
      return { kind: 'succeeded', ...report };
    },
  });
  const jobId = randomUUID();
  const turn = { jobId, request, agent: helper, conversation: undefined, visibility };
  const { job } = await submitWaiting(deps, turn);
  const claim = await bus.queue.claim('agent:helper', deps.worker, never);
  assert.ok(claim);
  await runClaimedTurn(deps, stage, claim);
  const follow = (take: (piece: TurnPiece) => unknown) =>
    followTurn(deps, job, (piece) => void take(piece), never);
  return { jobId, bus, follow };
}

const textOf = (pieces: readonly TurnPiece[]): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');

async function deltasIn({ feed }: Bus, jobId: string): Promise<readonly string[]> {
  const { entries } = await feed.read({ kind: 'job', jobId }, undefined, 1000);
  return entries.filter(({ kind }) => kind === 'delta').map(({ data }) => JSON.parse(data).text);
}

it('a delta of a turn by the lane goes to the feed in the tick in which it is said, and is not merged', async (t) => {
  const sent: (readonly string[])[] = [];
  const { jobId, bus } = await runTurn(t, (say, stored) => {
    const texts = () =>
      stored.filter(({ kind }) => kind === 'delta').map(({ data }) => JSON.parse(data).text);
    say(messageStart());
    say(textDelta('It'));
    sent.push(texts());
    for (const more of [' wor', 'ked']) say(textDelta(more));
    say(text('It worked'));
  });
  assert.deepEqual(sent, [['It']]);
  assert.deepEqual(await deltasIn(bus, jobId), ['It', ' wor', 'ked']);
});

it('who follows a turn by the lane sees no secret, wherever it is cut, and each text once', async (t) => {
  const token = 'abcdefghijklmnop';
  const words = `s3cret; Bearer ${token}!`;
  const cuts = Array.from({ length: words.length - 1 }, (_, at) => at + 1);
  const { jobId, bus, follow } = await runTurn(t, (say) => {
    for (const cut of cuts) {
      say(messageStart());
      say(textDelta(words.slice(0, cut)));
      say(textDelta(words.slice(cut)));
      say(text(words));
    }
  });
  const pieces: TurnPiece[] = [];
  await follow((piece) => pieces.push(piece));
  assert.equal(
    textOf(pieces).replaceAll('\n\n', ''),
    cuts.map(() => '[redacted]; Bearer [redacted]!').join(''),
  );
  const written = await deltasIn(bus, jobId);
  assert.equal(written.join(''), cuts.map(() => '[redacted]; Bearer [redacted]!').join(''));
});

it('who follows a turn sees its tools, and what was never streamed, as who hears it does', async (t) => {
  const { follow } = await runTurn(t, (say) => {
    say(text('I look.'));
    say(call('t1', { command: 'ls' }));
    say(answer('t1', 'a.txt'));
    say(text('One file.'));
    say(result());
  });
  const pieces: TurnPiece[] = [];
  await follow((piece) => pieces.push(piece));
  assert.deepEqual(
    pieces.map(({ kind }) => kind),
    ['text', 'text-end', 'tool-use', 'tool-result', 'text', 'text-end'],
  );
  assert.equal(textOf(pieces), 'I look.\n\nOne file.');
});

it('a turn that nobody waits for keeps its conversation to itself for as long as it takes', async (t) => {
  let extended = 0;
  const { deps, stage, bus } = await setAgentStage(t, {
    policy: { leaseMs: 30 },
    async perform(order, listener) {
      begin(order, listener);
      await eventually('it was prolonged again and again', () => extended >= 4);
      return { kind: 'succeeded', ...report };
    },
  });
  const conversations = {
    ...deps.conversations,
    extendTurn(id: string, holder: string, leaseMs: number) {
      extended += 1;
      return deps.conversations.extendTurn(id, holder, leaseMs);
    },
  };
  const jobId = randomUUID();
  const turn = { jobId, request: asking('Tell me.', { conversationKey: 'k' }), agent: helper };
  await submitWaiting(deps, { ...turn, conversation: 'k', visibility });
  const claim = await bus.queue.claim('agent:helper', deps.worker, never);
  assert.ok(claim);
  await runClaimedTurn({ ...deps, conversations }, stage, claim);
  assert.equal((await bus.events.load(jobId))?.job.status, 'succeeded');
});
