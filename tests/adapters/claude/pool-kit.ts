// What the tests of the pool share: a launch in a folder of its own, a pool on the real or the fake binary that leaves
// nothing behind, and turns that are recorded.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Script } from '../../../scripts/scripted-model/script.js';
import { type ScriptedModel, startScriptedModel } from '../../../scripts/scripted-model/server.js';
import type { PoolDeps } from '../../../src/adapters/claude/pool/pool-deps.js';
import { createTurnAgent } from '../../../src/adapters/claude/pool/turn-agent.js';
import { locateClaude } from '../../../src/adapters/claude/start/locate-claude.js';
import type { ChatMessage, ChatPart } from '../../../src/domain/chat.js';
import type { AgentMessage } from '../../../src/ports/agent.js';
import type { TurnAgent, TurnEnd, TurnLaunch, TurnOrder, TurnStart } from '../../../src/ports/turn-agent.js';
import { tempDir } from '../../support/temp-dir.js';
import { modelEnvironment, quiet } from './attempt-kit.js';

export async function startModel(t: TestContext, ...scripts: Script[]): Promise<ScriptedModel> {
  const model = await startScriptedModel({ scripts });
  t.after(() => model.close());
  return model;
}

/** How to start claude in a folder that goes when all pools are closed; two launches of one test have different keys. */
export async function makeLaunch(url: string, overrides: Partial<TurnLaunch> = {}) {
  const directory = await tempDir();
  const cwd = join(directory, 'work');
  await mkdir(cwd);
  const launch: TurnLaunch = {
    key: directory,
    cwd,
    jobDir: join(directory, 'job'),
    flags: { 'permission-mode': 'bypassPermissions', tools: ['Bash', 'Read'] },
    settingSources: '',
    env: modelEnvironment(url),
    commands: [],
    ...overrides,
  };
  return launch;
}

/** A pool that is closed after the test, on the bundled claude unless `binary` says otherwise. */
export function makePool(t: TestContext, options: Partial<PoolDeps> = {}): TurnAgent {
  const agent = createTurnAgent({
    binary: locateClaude() ?? '',
    log: quiet,
    maxProcesses: 3,
    idleMs: 60_000,
    ...options,
  });
  t.after(() => agent.close());
  return agent;
}

export const says = (role: ChatMessage['role'], text: string): ChatMessage => ({ role, parts: asks(text) });
export const asks = (text: string): readonly ChatPart[] => [{ kind: 'text', text }];

let turns = 0;
export function makeTurn(launch: TurnLaunch, overrides: Partial<TurnOrder> = {}): TurnOrder {
  turns += 1;
  return {
    turn: `turn-${turns}.1`,
    launch,
    systemPrompt: { mode: 'append', text: 'You are being tested.' },
    conversation: 'one',
    memory: { kind: 'none' },
    history: [],
    prompt: asks('Hello.'),
    timeoutMs: 60_000,
    ...overrides,
  };
}

export interface TurnRecording {
  readonly messages: AgentMessage[];
  /** Undefined until it has started. */
  readonly start: () => TurnStart | undefined;
  readonly end: Promise<TurnEnd>;
  readonly stop: () => void;
}

/** Starts a turn and records what is said in it. */
export function startTurn(
  agent: TurnAgent,
  order: TurnOrder,
  onMessage?: (message: AgentMessage) => Promise<void> | void,
): TurnRecording {
  const messages: AgentMessage[] = [];
  const stop = new AbortController();
  let start: TurnStart | undefined;
  const listener = {
    started: (started: TurnStart) => {
      start = started;
    },
    message: (message: AgentMessage) => {
      messages.push(message);
      return onMessage?.(message);
    },
  };
  const end = agent.run(order, listener, stop.signal);
  return { messages, start: () => start, end, stop: () => stop.abort('the test says so') };
}

/** A turn from its beginning to its end. */
export async function takeTurn(agent: TurnAgent, order: TurnOrder) {
  const recording = startTurn(agent, order);
  const end = await recording.end;
  const start = recording.start();
  return { ...recording, end, start, session: sessionOf(start, end) };
}

/** The memory of a turn that follows in the same session. */
export function sessionOf(start: TurnStart | undefined, { leaf }: TurnEnd): TurnOrder['memory'] {
  if (start === undefined) return { kind: 'none' };
  const { sessionId, transcript } = start;
  return {
    ...{ kind: 'session', sessionId },
    ...(transcript === undefined ? {} : { transcript }),
    ...(leaf === undefined ? {} : { leaf }),
  };
}

/** What the model was shown in its latest request: `role: text`, claude's own reminders left out. */
export function lastSeen(model: ScriptedModel): readonly string[] {
  const body = lastBody(model);
  return body.messages
    .filter(({ role }) => role !== 'system')
    .flatMap(({ role, content }) =>
      (typeof content === 'string' ? [{ type: 'text', text: content }] : content)
        .filter(({ text }) => !text?.startsWith('<system-reminder>'))
        .map(({ type, text }) => `${role}: ${text?.trim() ?? type}`),
    );
}

/** The system prompt of the model's latest request, as JSON. */
export const lastSystem = (model: ScriptedModel): string => JSON.stringify(lastBody(model).system);

interface Body {
  readonly system: unknown;
  readonly messages: readonly {
    readonly role: string;
    readonly content: string | readonly { readonly type: string; readonly text?: string }[];
  }[];
}

function lastBody(model: ScriptedModel): Body {
  const request = model.requests.findLast(({ path }) => path === '/v1/messages');
  return request?.body as Body;
}

export const isDelta = ({ type, message }: AgentMessage): boolean =>
  type === 'stream_event' && (message.event as { type?: string }).type === 'content_block_delta';
