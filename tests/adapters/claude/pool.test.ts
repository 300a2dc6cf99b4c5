// The pool with the real CLI and a scripted model: how a turn comes by its process, and what claude knows in it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import type { TurnOrder } from '../../../src/ports/turn-agent.js';
import { eventually } from '../../support/eventually.js';
import { processesWith } from './attempt-kit.js';
import {
  asks,
  isDelta,
  lastSeen,
  lastSystem,
  makeLaunch,
  makePool,
  makeTurn,
  says,
  startModel,
  takeTurn,
} from './pool-kit.js';

const echo: Script = {
  name: 'echo',
  match: '/(?<words>[\\s\\S]+)/',
  steps: Array.from({ length: 9 }, () => ({ say: 'You said {{capture.words}}' })),
};
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const words = (end: { readonly kind: string; readonly error?: string }): string => `${end.kind} ${end.error}`;

describe('a conversation', { concurrency: 2 }, () => {
  test('begins in a warm process, goes on in the same, and pays for each turn alone', async (t) => {
    const model = await startModel(t, echo);
    const agent = makePool(t);
    const launch = await makeLaunch(model.url);
    await agent.prepare(launch, 1);
    assert.deepEqual(agent.state(), { warm: 1, kept: 0, busy: 0 });
    assert.equal(model.requests.filter(({ path }) => path === '/v1/messages').length, 0);

    const first = await takeTurn(agent, makeTurn(launch, { prompt: asks('My name is Ada.') }));
    assert.equal(first.end.kind, 'succeeded', words(first.end));
    assert.equal(first.end.answer?.includes('My name is Ada.'), true);
    assert.deepEqual([first.start?.process, first.start?.memory], ['warm', 'none']);
    assert.equal(first.end.stopReason, 'end_turn');
    assert.ok(first.messages.some(isDelta));
    assert.match(lastSystem(model), /You are being tested\./);
    assert.match(lastSystem(model), /Claude Code|Claude agent/);
    await eventually('another is warm', () => agent.state().warm === 1);
    assert.deepEqual(agent.state(), { warm: 1, kept: 1, busy: 0 });

    const second = await takeTurn(
      agent,
      makeTurn(launch, { memory: first.session, prompt: asks('What is it?') }),
    );
    assert.equal(second.end.kind, 'succeeded', words(second.end));
    assert.deepEqual([second.start?.process, second.start?.memory], ['kept', 'kept']);
    assert.equal(second.start?.pid, first.start?.pid);
    assert.deepEqual(lastSeen(model), [
      'user: My name is Ada.',
      `assistant: ${first.end.answer?.trim()}`,
      'user: What is it?',
    ]);
    assert.equal(second.end.numTurns, 1);
    const ratio = second.end.costUsd / first.end.costUsd;
    assert.ok(ratio > 0.5 && ratio < 1.5, `${first.end.costUsd}, then ${second.end.costUsd}`);
    assert.equal(second.messages[0]?.type, 'system');
    assert.equal(second.messages.filter(({ type }) => type === 'result').length, 1);
  });

  test('is told to a new process as it was, in order and with its images, and can be resumed later', async (t) => {
    const model = await startModel(t, echo);
    const agent = makePool(t);
    const launch = await makeLaunch(model.url);
    const history = [
      { role: 'user', parts: [...asks('Look:'), { kind: 'image', mediaType: 'image/png', data: PIXEL }] },
      says('assistant', 'A pixel.'),
      says('user', '/clear'),
      says('user', 'And?'),
      says('assistant', 'Nothing more.'),
    ] as const;
    const told = await takeTurn(agent, makeTurn(launch, { history, prompt: asks('Go on.') }));
    assert.equal(told.end.kind, 'succeeded', words(told.end));
    assert.deepEqual([told.start?.process, told.start?.memory], ['cold', 'injected']);
    const seen = [
      'user: Look:',
      'user: image',
      'assistant: A pixel.',
      'user: /clear',
      'user: And?',
      'assistant: Nothing more.',
      'user: Go on.',
    ];
    assert.deepEqual(lastSeen(model), seen);
    assert.ok(told.messages.every(({ message }) => message.num_turns !== 0));
    agent.release('one');
    await eventually('it is gone', () => processesWith(told.start?.sessionId ?? '').length === 0);

    const later = makePool(t);
    const resumed = await takeTurn(later, makeTurn(launch, { memory: told.session, prompt: asks('More.') }));
    assert.equal(resumed.end.kind, 'succeeded', words(resumed.end));
    assert.deepEqual([resumed.start?.process, resumed.start?.memory], ['cold', 'resumed']);
    assert.equal(resumed.start?.transcript, told.start?.transcript);
    assert.deepEqual(lastSeen(model), [...seen, `assistant: ${told.end.answer?.trim()}`, 'user: More.']);
    assert.match(lastSystem(model), /You are being tested\./);
    const after = await takeTurn(
      later,
      makeTurn(launch, { memory: resumed.session, prompt: asks('Still?') }),
    );
    assert.deepEqual([after.start?.process, after.start?.pid], ['kept', resumed.start?.pid]);
  });

  test('whose caller has changed what was said begins anew, in a process that knows only that', async (t) => {
    const model = await startModel(t, echo);
    const agent = makePool(t);
    const launch = await makeLaunch(model.url);
    const first = await takeTurn(agent, makeTurn(launch, { prompt: asks('My name is Ada.') }));
    const history = [says('user', 'My name is Eve.'), says('assistant', 'Hello Eve.')];
    const edited = await takeTurn(agent, makeTurn(launch, { history, prompt: asks('Who am I?') }));
    assert.equal(edited.start?.memory, 'injected');
    assert.notEqual(edited.start?.pid, first.start?.pid);
    assert.deepEqual(lastSeen(model), ['user: My name is Eve.', 'assistant: Hello Eve.', 'user: Who am I?']);
    await eventually('the old one is gone', () => processesWith(first.start?.sessionId ?? '?').length === 0);
    assert.deepEqual(agent.state(), { warm: 0, kept: 1, busy: 0 });
  });

  test('whose session is lost, or cannot be read, is told what was said', async (t) => {
    const model = await startModel(t, echo);
    const agent = makePool(t);
    const launch = await makeLaunch(model.url);
    const broken = join(launch.cwd, 'broken.jsonl');
    await writeFile(broken, 'this was a session\n');
    const history = [says('user', 'My name is Eve.'), says('assistant', 'Hello Eve.')];
    for (const transcript of [join(launch.cwd, 'missing.jsonl'), broken]) {
      const memory = { kind: 'session', sessionId: randomUUID(), transcript } as const;
      const turn = await takeTurn(agent, makeTurn(launch, { memory, history, prompt: asks('Who am I?') }));
      assert.equal(turn.end.kind, 'succeeded', words(turn.end));
      assert.equal(turn.start?.memory, 'injected');
      assert.deepEqual(lastSeen(model), [
        'user: My name is Eve.',
        'assistant: Hello Eve.',
        'user: Who am I?',
      ]);
      assert.equal(turn.messages.filter(({ type }) => type === 'result').length, 1);
    }
  });

  test('whose session file lacks what its disk had no room for is told what was said', async (t) => {
    const model = await startModel(t, echo);
    const launch = await makeLaunch(model.url);
    const agent = makePool(t);
    const first = await takeTurn(agent, makeTurn(launch, { prompt: asks('My name is Ada.') }));
    const second = await takeTurn(
      agent,
      makeTurn(launch, { memory: first.session, prompt: asks('And yours?') }),
    );
    await agent.close();
    assert.ok(second.session.kind === 'session');
    const { leaf = '', transcript = '' } = second.session;
    const whole = await readFile(transcript, 'utf8');
    const later = makePool(t);
    const history = [
      ...[says('user', 'My name is Ada.'), says('assistant', first.end.answer ?? '')],
      ...[says('user', 'And yours?'), says('assistant', second.end.answer ?? '')],
    ];
    const lines = whole.split('\n');
    const without = (uuid: string): string =>
      lines.filter((line) => !line.includes(`"uuid":"${uuid}"`)).join('\n');
    const earlier = first.end.leaf ?? '';
    const lacking: readonly (readonly [string, string])[] = [
      ['its last words', without(leaf)],
      ['something in the middle', without(earlier)],
      ['all but its last words', whole.slice(whole.indexOf(`{"parentUuid":"${earlier}"`))],
    ];
    for (const [what, text] of lacking) {
      assert.ok(text.length < whole.length, what);
      await writeFile(transcript, text);
      const order = { memory: second.session, history, prompt: asks('Who am I?'), conversation: what };
      const turn = await takeTurn(later, makeTurn(launch, order));
      assert.equal(turn.start?.memory, 'injected', what);
    }
    await writeFile(transcript, without(leaf));
    const alone = { memory: second.session, prompt: asks('Who am I?'), conversation: 'nothing to tell' };
    const untold = await takeTurn(later, makeTurn(launch, alone));
    assert.equal(untold.start?.memory, 'resumed', 'a part of it is better than nothing');
    await writeFile(transcript, whole);
    let session: TurnOrder['memory'] = second.session;
    for (const prompt of [asks('Who am I?'), asks('And now?')]) {
      const pool = makePool(t);
      const turn = await takeTurn(pool, makeTurn(launch, { memory: session, history, prompt }));
      assert.equal(turn.start?.memory, 'resumed');
      session = turn.session;
      await pool.close();
    }
  });

  test('does not mix with another that goes on at the same time', async (t) => {
    const model = await startModel(t, { ...echo, pace: 5 });
    const agent = makePool(t);
    const launch = await makeLaunch(model.url);
    const talk = async (conversation: string) => {
      let memory: TurnOrder['memory'] = { kind: 'none' };
      const pids = new Set<number | undefined>();
      for (const number of [1, 2, 3]) {
        const prompt = asks(`${conversation} says ${number} `.repeat(10));
        const turn = await takeTurn(agent, makeTurn(launch, { conversation, memory, prompt }));
        const other = conversation === 'Ada' ? 'Eve' : 'Ada';
        assert.ok(turn.end.answer?.includes(`${conversation} says ${number}`), words(turn.end));
        assert.ok(!JSON.stringify(turn.messages).includes(`${other} says`));
        memory = turn.session;
        pids.add(turn.start?.pid);
      }
      assert.equal(pids.size, 1);
    };
    await Promise.all([talk('Ada'), talk('Eve')]);
    assert.equal(agent.state().kept, 2);
  });
});
