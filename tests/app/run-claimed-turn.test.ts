// A turn that came by the lane, as those who follow its feed see it: each word when it is said, and no secret.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import { createSlots } from '../../src/app/slots.js';
import { followTurn } from '../../src/app/turn/follow-turn.js';
import { runClaimedTurn } from '../../src/app/turn/run-claimed-turn.js';
import { submitWaiting } from '../../src/app/turn/submit-turn.js';
import type { TurnDeps, TurnStage } from '../../src/app/turn/turn-deps.js';
import type { TurnRequest } from '../../src/domain/chat.js';
import { parseVisibility } from '../../src/domain/visibility.js';
import type { Bus } from '../../src/ports/bus.js';
import type { AgentPackage } from '../../src/ports/packages.js';
import type { TranscriptEntry } from '../../src/ports/transcript-log.js';
import type { TurnListener } from '../../src/ports/turn-agent.js';
import { messageStart, text, textDelta } from '../support/claude-says.js';
import { report, setStage } from './doubles.js';

const never = new AbortController().signal;
const visibility = parseVisibility('all');

const agent: AgentPackage = {
  name: 'helper',
  description: '',
  version: '1',
  model: 'sonnet',
  models: [],
  systemPrompt: { mode: 'append', text: '' },
  flags: {},
  timeoutS: 60,
  env: [],
  settingSources: 'user',
  cwd: '/agent/cwd',
  jobDir: '/agent/job',
  commands: [],
  mcpServers: [],
};
const request: TurnRequest = {
  caller: { name: 'anonymous' },
  model: 'sonnet',
  history: [],
  prompt: [{ kind: 'text', text: 'Tell me.' }],
  options: {},
  auxiliary: true,
};

type Say = (said: ReturnType<typeof text>) => void;

/** Runs a turn by the lane in which Claude says this; returns its job's id and how to follow it. */
async function runTurn(t: TestContext, speak: (say: Say, stored: readonly TranscriptEntry[]) => void) {
  const { deps, bus, close } = await setStage();
  t.after(close);
  const stored: TranscriptEntry[] = [];
  const transcript = {
    ...bus.transcript,
    append(jobId: string, attempt: number, entries: readonly TranscriptEntry[]) {
      stored.push(...entries);
      return bus.transcript.append(jobId, attempt, entries);
    },
  };
  const stage: TurnStage = {
    agent: {
      async run(_order, listener: TurnListener) {
        listener.started({ pid: 4711, sessionId: randomUUID(), process: 'cold', memory: 'none' });
        speak(({ type, message }) => {
          void listener.message({ type, message, line: JSON.stringify(message) });
        }, stored);
        return { kind: 'succeeded', ...report };
      },
      prepare: async () => {},
      release: () => {},
      state: () => ({ warm: 0, kept: 0, busy: 0 }),
      close: async () => {},
    },
    slots: createSlots(1),
    leases: deps.leases,
    spools: deps.spools,
    host: deps.host,
    environment: () => ({}),
    handBack: never,
    running: new Set(),
  };
  const turnDeps: TurnDeps = {
    ...deps,
    ...{ transcript, stage, queue: bus.queue, conversations: bus.conversations },
    packages: {
      current: () => agent,
      mcpConfig: async () => undefined,
      sync: async () => false,
      tend: async () => {},
    },
    accepting: () => true,
    policy: {
      ...{ lane: 'agent:helper', maxWaiting: 8, conversation: 'queue', visibility },
      ...{ sessionTtlMs: 60_000, jobTtlS: 60, queueTtlS: 60, leaseMs: 60_000 },
    },
  };
  const jobId = randomUUID();
  const turn = { jobId, request, agent, conversation: undefined, visibility };
  const { job } = await submitWaiting(turnDeps, turn);
  const claim = await bus.queue.claim('agent:helper', deps.worker, never);
  assert.ok(claim);
  await runClaimedTurn(turnDeps, stage, claim);
  return { jobId, bus, follow: (take: (words: string) => void) => followed(turnDeps, job, take) };
}

function followed(deps: TurnDeps, job: Parameters<typeof followTurn>[1], take: (words: string) => void) {
  return followTurn(deps, job, (piece) => void (piece.kind === 'text' && take(piece.text)), never);
}

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
  let shown = '';
  await follow((piece) => {
    shown += piece;
  });
  assert.equal(shown.replaceAll('\n\n', ''), cuts.map(() => '[redacted]; Bearer [redacted]!').join(''));
  const written = await deltasIn(bus, jobId);
  assert.equal(written.join(''), cuts.map(() => '[redacted]; Bearer [redacted]!').join(''));
});
