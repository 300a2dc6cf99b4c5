// The agent's counter: what is shown, which conversation, whose turn, a place - and only then a turn is accepted.
import type { TurnRequest } from '../../domain/chat.js';
import { AgenticoreError, isCode } from '../../domain/errors.js';
import { knownTurn } from './known-turn.js';
import { openDirect } from './open-direct.js';
import { settleVisibility } from './settle-visibility.js';
import type { TurnName } from './submit-turn.js';
import { endTurn, takeTurn, threadOf } from './thread.js';
import type { TurnDeps } from './turn-deps.js';
import type { OpenedTurn } from './turns.js';
import type { WaitingRoom } from './waiting-room.js';

/** How long a process that leaves, or an account at its limit, is worth waiting for before asking again. */
const BUSY_RETRY_S = 5;
const MOST_RETRY_S = 60;

/** Admits a turn, as `Turns.open` says. */
export async function admitTurn(
  deps: TurnDeps,
  room: WaitingRoom,
  request: TurnRequest,
  name: TurnName,
  signal: AbortSignal,
): Promise<OpenedTurn> {
  const known = await knownTurn(deps, request, name.key);
  if (known !== undefined) return { kind: 'known', turn: known };
  assertAccepting(deps);
  const thread = threadOf(deps, request);
  const { id } = thread;
  const { isAll, config, isAsked, visibility } = await settleVisibility(deps, request, thread);
  if (isAll) return { kind: 'configured', config };
  const able = Promise.all([assertWithinLimit(deps), assertRoom(deps)]);
  able.catch(() => {}); // awaited below
  try {
    const look = (): Promise<void> => assertFree(deps, name);
    if (id !== undefined) await takeTurn(deps, id, name.jobId, signal, { enter: room.linger, look });
    await able;
    const agent = deps.packages.current();
    const turn = { ...name, request, agent, conversation: id, visibility };
    const admitted = { turn, thread, config: isAsked ? config : undefined };
    // Who waits already is not overtaken.
    const free = room.isEmpty() ? deps.stage?.slots.take() : undefined;
    const accepted =
      deps.stage === undefined || free === undefined
        ? await room.open(admitted)
        : await openDirect(deps, deps.stage, { ...admitted, free });
    return { kind: 'accepted', turn: accepted };
  } catch (error) {
    if (id !== undefined) await endTurn(deps, id, name.jobId);
    // The same request came twice at once, and the other one was faster.
    const twin = isCode(error, 'IDEMPOTENCY_MISMATCH') && (await knownTurn(deps, request, name.key));
    if (twin) return { kind: 'known', turn: twin };
    throw error;
  }
}

/** Throws IDEMPOTENCY_MISMATCH when somebody has taken the key meanwhile: for its own twin nobody waits. */
async function assertFree({ events }: TurnDeps, { key }: TurnName): Promise<void> {
  if (key !== undefined && (await events.taken(key.key)) !== undefined)
    throw new AgenticoreError('IDEMPOTENCY_MISMATCH');
}

/** Puts a turn into the lane for which nobody waits here. Throws like `admitTurn`, and INVALID_REQUEST for no question. */
export async function queueTurn(
  deps: TurnDeps,
  room: WaitingRoom,
  request: TurnRequest,
  name: TurnName,
): Promise<void> {
  assertAccepting(deps);
  const thread = threadOf(deps, request);
  const { isAll, visibility } = await settleVisibility(deps, request, thread);
  if (isAll) throw nothingAsked();
  await assertWithinLimit(deps);
  const agent = deps.packages.current();
  await room.queue({ ...name, request, agent, conversation: thread.id, visibility });
}

/** Where there is nobody to be told what is shown from now on. */
export const nothingAsked = (): AgenticoreError =>
  new AgenticoreError(
    'INVALID_REQUEST',
    'message says only what is to be shown; there is nothing to answer.',
  );

function assertAccepting({ accepting }: TurnDeps): void {
  if (!accepting()) throw new AgenticoreError('DRAINING', undefined, { retryAfterS: BUSY_RETRY_S });
}

async function assertWithinLimit({ breaker, credential, clock }: TurnDeps): Promise<void> {
  const until = await breaker.openUntil(credential);
  if (until === undefined) return;
  const retryAfterS = Math.min(MOST_RETRY_S, Math.max(1, Math.ceil((until - clock.now()) / 1000)));
  throw new AgenticoreError('CLAUDE_USAGE_LIMIT', undefined, { retryAfterS });
}

/** A session that is not written down, tools that cannot write: nobody would want the answer. */
async function assertRoom({ stage }: TurnDeps): Promise<void> {
  const lack = await stage?.room.lack();
  if (lack !== undefined) throw new AgenticoreError('DISK_FULL', lack, { retryAfterS: BUSY_RETRY_S });
}
