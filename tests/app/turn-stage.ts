// An agent's workshop for a test: a real file bus, a package, and a Claude that says what a test tells it.
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { TestContext } from 'node:test';
import type { RequestKey } from '../../src/app/request-key.js';
import { createSlots } from '../../src/app/slots.js';
import { openTurns } from '../../src/app/turn/open-turns.js';
import type { TurnDeps, TurnPolicy, TurnStage } from '../../src/app/turn/turn-deps.js';
import type { Turns } from '../../src/app/turn/turns.js';
import { createWaitingRoom } from '../../src/app/turn/waiting-room.js';
import type { TurnRequest } from '../../src/domain/chat.js';
import type { TurnPiece } from '../../src/domain/turn-piece.js';
import { TEXT_ONLY } from '../../src/domain/visibility.js';
import type { Bus } from '../../src/ports/bus.js';
import type { AgentPackage } from '../../src/ports/packages.js';
import type { TranscriptLog } from '../../src/ports/transcript-log.js';
import type { TurnAgent, TurnEnd, TurnListener, TurnOrder } from '../../src/ports/turn-agent.js';
import { publicCourier } from '../support/courier.js';
import { eventually } from '../support/eventually.js';
import { deafMeter } from '../support/meter.js';
import { report, setStage } from './doubles.js';

export const never = new AbortController().signal;
setMaxListeners(0, never);

export const helper: AgentPackage = {
  name: 'helper',
  description: '',
  version: '1',
  model: 'sonnet',
  models: ['haiku'],
  systemPrompt: { mode: 'append', text: 'You help.' },
  flags: {},
  timeoutS: 60,
  env: [],
  settingSources: 'user',
  cwd: '/agent/cwd',
  jobDir: '/agent/job',
  commands: [],
  mcpServers: [],
};

/** A request with one user message. */
export const asking = (text: string, more: Partial<TurnRequest> = {}): TurnRequest => ({
  caller: { name: 'anonymous' },
  model: 'sonnet',
  history: [],
  prompt: [{ kind: 'text', text }],
  options: {},
  auxiliary: false,
  ...more,
});

/** What Claude does in a turn. */
export type Perform = (order: TurnOrder, listener: TurnListener, signal: AbortSignal) => Promise<TurnEnd>;

/** Says one text, in a session of its own unless it goes on in one. */
export const saying =
  (text: string): Perform =>
  async (order, listener) => {
    begin(order, listener);
    const content = [{ type: 'text', text }];
    const message = { type: 'assistant', message: { id: randomUUID(), role: 'assistant', content } };
    await listener.message({ type: 'assistant', message, line: JSON.stringify(message) });
    return { kind: 'succeeded', ...report, answer: text, stopReason: 'end_turn' };
  };

/** Claude takes a turn up. */
export function begin({ memory }: TurnOrder, listener: TurnListener): void {
  const sessionId = memory.kind === 'session' ? memory.sessionId : randomUUID();
  const kept = memory.kind === 'session';
  listener.started({ pid: 4711, sessionId, process: kept ? 'kept' : 'warm', memory: kept ? 'kept' : 'none' });
}

export interface AgentStage {
  readonly deps: TurnDeps;
  readonly stage: TurnStage;
  readonly turns: Turns;
  readonly bus: Bus;
  /** What Claude was asked, in order. */
  readonly orders: readonly TurnOrder[];
  /** Conversations whose processes were given up. */
  readonly released: readonly string[];
}

export interface AgentSetting {
  readonly perform?: Perform;
  readonly slots?: number;
  readonly policy?: Partial<TurnPolicy>;
  readonly transcript?: (bus: Bus) => TranscriptLog;
  /** What its disk lacks; nothing. */
  readonly lack?: () => string | undefined;
  /** No turns are run here. */
  readonly isCounterOnly?: boolean;
}

/** Sets it up; it is taken down after the test. */
export async function setAgentStage(t: TestContext, setting: AgentSetting = {}): Promise<AgentStage> {
  const { deps: attempt, bus, close } = await setStage();
  const running = new Set<string>();
  t.after(async () => {
    // A turn is answered before it is written down.
    await eventually('all is written down', () => running.size === 0);
    await close();
  });
  const orders: TurnOrder[] = [];
  const released: string[] = [];
  const agent: TurnAgent = {
    run(order, listener, signal) {
      orders.push(order);
      return (setting.perform ?? saying('Hello.'))(order, listener, signal);
    },
    prepare: async () => {},
    release: (conversation) => void released.push(conversation),
    state: () => ({ warm: 0, kept: 0, busy: 0 }),
    close: async () => {},
  };
  const { leases, spools, host } = attempt;
  const stage: TurnStage = {
    ...{ agent, leases, spools, host, handBack: never },
    slots: createSlots(setting.slots ?? 4),
    room: { lack: async () => setting.lack?.() },
    environment: () => ({}),
    running,
    recording: new Set(),
  };
  const deps: TurnDeps = {
    ...attempt,
    ...{ queue: bus.queue, conversations: bus.conversations },
    ...(setting.transcript === undefined ? {} : { transcript: setting.transcript(bus) }),
    courier: publicCourier,
    meter: deafMeter,
    stage: setting.isCounterOnly ? undefined : stage,
    packages: {
      current: () => helper,
      mcpConfig: async () => undefined,
      sync: async () => false,
      tend: async () => {},
    },
    accepting: () => true,
    policy: {
      ...{ lane: 'agent:helper', maxWaiting: 8, conversation: 'queue', visibility: TEXT_ONLY },
      ...{ sessionTtlMs: 60_000, jobTtlS: 60, queueTtlS: 60, leaseMs: 60_000 },
      ...setting.policy,
    },
  };
  return { deps, stage, turns: openTurns(deps, createWaitingRoom(deps)), bus, orders, released };
}

/** Opens a turn, or finds that of its key, and reads its text. Throws what it failed with. */
export async function answerTo(
  { turns }: Pick<AgentStage, 'turns'>,
  request: TurnRequest,
  key?: RequestKey,
): Promise<string> {
  const opened = await turns.open(request, never, key);
  if (opened.kind === 'configured') return JSON.stringify(opened.config);
  let text = '';
  const take = (piece: TurnPiece): void => {
    if (piece.kind === 'text') text += piece.text;
  };
  await (opened.kind === 'known'
    ? turns.replay(opened.turn.jobId, request.caller.name, take, never)
    : opened.turn.run(take, never));
  return text;
}
