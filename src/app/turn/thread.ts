// The conversation of a turn: which one it is, what Claude knows of it, and whose turn it is.
import type { TurnRequest } from '../../domain/chat.js';
import { chainHistory, conversationId, extendHead } from '../../domain/conversation.js';
import { AgenticoreError } from '../../domain/errors.js';
import type { Conversation } from '../../ports/conversations.js';
import { createBell } from '../bell.js';
import { cancelJob } from '../inspect-jobs.js';
import type { TurnDeps } from './turn-deps.js';

/** What a turn goes on from. */
export interface Thread {
  /** Undefined for a turn that belongs to no conversation. */
  readonly id: string | undefined;
  /** True when the caller named it; else its history does, and it has another id after each turn. */
  readonly isNamed: boolean;
  /** Hash of what was said before, as the caller tells it. */
  readonly head: string;
}

/** Whose turn may be free again is also looked at this often, should a ring be lost. */
const LOOK_MS = 1_000;
/** Longest that a turn waits for the one before it: clients give up on an answer without headers after five minutes. */
const PATIENCE_MS = 240_000;

/** The thread that a request belongs to. */
export function threadOf({ hash, packages }: TurnDeps, request: TurnRequest): Thread {
  const { caller, conversationKey, auxiliary } = request;
  const { head, exchanges } = chainHistory(request.history, hash);
  const isNamed = conversationKey !== undefined;
  if (auxiliary || (!isNamed && exchanges === 0)) return { id: undefined, isNamed: false, head };
  const agent = packages.current().name;
  return {
    id: conversationId({ agent, caller, ...(isNamed ? { key: conversationKey } : { head }) }, hash),
    isNamed,
    head,
  };
}

/** What is done while it is another's turn. */
export interface Waiting {
  /** Called when it has to wait; what that gives, after it. */
  enter(): () => void;
  /** Called each time that it is not yet its turn; what it throws ends the waiting. */
  look(): Promise<void>;
}

/**
 * Waits until it is the turn's turn. Throws CONVERSATION_BUSY or AGENT_BUSY when it may not or need not wait so long,
 * CANCELLED when the signal aborts, BUS_UNREACHABLE.
 */
export async function takeTurn(
  deps: TurnDeps,
  id: string,
  jobId: string,
  signal: AbortSignal,
  { enter, look }: Waiting = { enter: () => () => {}, look: async () => {} },
): Promise<void> {
  const { conversations, policy, clock } = deps;
  const take = async (): Promise<boolean> => {
    const isOurs = await conversations.takeTurn(id, jobId, policy.leaseMs);
    if (!isOurs) await look();
    return isOurs;
  };
  if (await take()) return;
  if (policy.conversation === 'reject') throw new AgenticoreError('CONVERSATION_BUSY');
  if (policy.conversation === 'interrupt') await interruptHolder(deps, id, look);
  const leave = enter();
  const bell = createBell();
  const until = clock.now() + PATIENCE_MS;
  let unwatch = (): void => {};
  try {
    unwatch = await conversations.watchTurn(id, bell.ring);
    while (!(await take())) {
      if (signal.aborted) throw new AgenticoreError('CANCELLED');
      if (clock.now() > until) throw new AgenticoreError('AGENT_BUSY', TOO_LONG);
      await Promise.race([bell.rung(), clock.sleep(LOOK_MS, signal)]);
    }
  } finally {
    unwatch();
    leave();
  }
}

const TOO_LONG = 'The turn before this one has not ended within four minutes; nothing was started.';

async function interruptHolder(deps: TurnDeps, id: string, look: Waiting['look']): Promise<void> {
  const holder = await deps.conversations.holder(id);
  if (holder === undefined || (await deps.events.load(holder)) === undefined) return;
  await look(); // what is in the ledger has its key by now: nobody interrupts his own twin
  await cancelJob(deps, holder, 'the next turn').catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof AgenticoreError)) throw error; // it has ended, or was forgotten
}

/** Keeps the turn its holder's until the function it gives is called; says once when it has become another's. */
export function keepTurn(deps: TurnDeps, id: string, jobId: string, onLost: () => void): () => void {
  const over = new AbortController();
  const keep = async (): Promise<void> => {
    for (;;) {
      await deps.clock.sleep(deps.policy.leaseMs / 3, over.signal);
      if (over.signal.aborted) return;
      // While the bus is away nobody else can take it either.
      const held = await deps.conversations.extendTurn(id, jobId, deps.policy.leaseMs).catch(() => true);
      if (!held) return onLost();
    }
  };
  void keep();
  return () => over.abort('the turn is over');
}

/** Gives the turn back; what the bus does not hear now lapses by itself. */
export async function endTurn(deps: TurnDeps, id: string, jobId: string): Promise<void> {
  await deps.conversations.endTurn(id, jobId).catch((error: unknown) => {
    deps.log('conversation.turn_not_ended', { job_id: jobId, error: String(error) }, 'warn');
  });
}

/** What the next turn has to match, remembered under the name by which it will ask. */
export async function remember(
  deps: TurnDeps,
  thread: Thread,
  request: TurnRequest,
  said: { readonly shown: string } & Omit<Conversation, 'head' | 'worker'>,
): Promise<void> {
  if (request.auxiliary) return;
  const { shown, ...session } = said;
  const head = extendHead(thread.head, request.prompt, shown, deps.hash);
  const { caller } = request;
  const agent = deps.packages.current().name;
  const id = thread.isNamed ? thread.id : conversationId({ agent, caller, head }, deps.hash);
  if (id === undefined) return;
  try {
    await deps.conversations.save(id, { ...session, head, worker: deps.worker }, deps.policy.sessionTtlMs);
    // Its process has moved on: who says the same once more, in another branch, must not be led here.
    if (thread.id !== undefined && thread.id !== id) await deps.conversations.forget(thread.id);
  } catch (error) {
    // The next turn then tells Claude the history anew.
    deps.log('conversation.not_saved', { error: String(error) }, 'warn');
  }
}
