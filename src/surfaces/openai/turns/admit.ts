// A chat request gets its turn: a new one, or the one that the same request has begun before.
import type { RequestKey } from '../../../app/request-key.js';
import type { AcceptedTurn, TurnHead, TurnResult } from '../../../app/turn/turns.js';
import { AgenticoreError, type ErrorCode } from '../../../domain/errors.js';
import { canonicalJson } from '../../../domain/evidence.js';
import type { TurnPiece } from '../../../domain/turn-piece.js';
import type { StreamConfig } from '../../../domain/visibility.js';
import { withAnySignal } from '../../http/any-signal.js';
import type { OpenAiDeps } from '../openai-deps.js';
import type { ChatRequest } from '../request/parse-request.js';
import type { Attendance } from './attendance.js';
import type { RecentTurns, TurnCard } from './recent-turns.js';

export type Take = (piece: TurnPiece) => Promise<void> | void;

/** A turn as its reader sees it. */
export interface ReadTurn {
  readonly card: TurnCard;
  /** To be told before the turn. */
  readonly config: StreamConfig | undefined;
  /** Whoever asks again gets this turn, and begins none. */
  readonly isKeyed: boolean;
  /**
   * Once. `gone`: the reader has left. Throws what the turn fails with; undefined when this server closes and the turn
   * goes on elsewhere.
   */
  read(take: Take, gone: AbortSignal): Promise<TurnResult | undefined>;
}

export type Admitted =
  | { readonly kind: 'configured'; readonly config: StreamConfig }
  | {
      readonly kind: 'turn';
      readonly turn: ReadTurn;
      /** Call it when the whole answer has reached its reader. */
      readonly delivered: () => void;
    };

/** What the routes share about the turns of this process. */
export interface TurnDesk extends Pick<OpenAiDeps, 'turns' | 'hash' | 'closing'> {
  readonly attendance: Attendance;
  readonly recent: RecentTurns;
}

/** Throws as `Turns.open` does: nothing was started then. */
export async function admit(desk: TurnDesk, request: ChatRequest, gone: AbortSignal): Promise<Admitted> {
  const repeat = repeatKey(desk, request);
  const earlier = repeat === undefined ? undefined : await desk.recent.same(repeat, request.isRetry);
  const delivered = (): void => {
    if (repeat !== undefined) desk.recent.delivered(repeat);
  };
  const caller = request.turn.caller.name;
  if (earlier !== undefined) return { kind: 'turn', turn: again(desk, earlier, caller), delivered };

  const opening = desk.turns
    .open(request.turn, gone, requestKey(desk, request))
    .then((opened) =>
      opened.kind === 'configured' ? opened : { ...opened, card: cardOf(opened.turn, request) },
    );
  if (repeat !== undefined)
    desk.recent.opening(
      repeat,
      opening.then((opened) => (opened.kind === 'configured' ? undefined : opened.card)),
    );
  const opened = await opening;
  if (opened.kind === 'configured') return opened;
  const { card } = opened;
  desk.recent.keep(card);
  if (opened.kind === 'known')
    return { kind: 'turn', turn: known(again(desk, card, caller), opened.turn), delivered };
  const isKeyed = request.key !== undefined;
  const turn = isKeyed ? kept(desk, opened.turn, card) : first(desk, opened.turn, card, repeat);
  return { kind: 'turn', turn, delivered };
}

/** Only callers who name their conversation are known to mean the same turn when they say the same. */
function repeatKey({ hash }: TurnDesk, { turn, model, key }: ChatRequest): string | undefined {
  return key !== undefined || turn.conversationKey === undefined || turn.auxiliary
    ? undefined
    : hash(JSON.stringify({ ...turn, model }));
}

/** The key that the client gave, and what it stands for: the turn, however its answer is to be told. */
function requestKey({ turns, hash }: TurnDesk, { turn, model, key }: ChatRequest): RequestKey | undefined {
  if (key === undefined) return undefined;
  const [agent] = turns.models();
  return { key, digest: hash(canonicalJson({ ...turn, model, agent: agent?.id })) };
}

const cardOf = (turn: TurnHead, { model, includeUsage, turn: asked }: ChatRequest): TurnCard => ({
  jobId: turn.jobId,
  caller: asked.caller.name,
  conversationId: turn.conversationId,
  model,
  created: Math.floor(turn.createdAt / 1000),
  includeUsage,
  jsonOnly: asked.options.jsonSchema !== undefined,
  showsThinking: turn.visibility.thinking,
});

/** The turn that was just opened under a key: whoever leaves comes back for it. */
const kept = ({ closing }: TurnDesk, turn: AcceptedTurn, card: TurnCard): ReadTurn => ({
  card,
  config: turn.config,
  isKeyed: true,
  read: (take) => unlessClosing(closing, [closing], (signal) => turn.run(take, signal)).catch(sayKeyed),
});

/** The turn that was just opened: this reader's leaving may end it. */
function first(
  { attendance, recent }: TurnDesk,
  turn: AcceptedTurn,
  card: TurnCard,
  repeat: string | undefined,
): ReadTurn {
  return {
    card,
    config: turn.config,
    isKeyed: false,
    async read(take, gone) {
      const nobody = attendance.begin(card.jobId);
      const leave = attendance.enter(card.jobId);
      gone.addEventListener('abort', leave, { once: true });
      if (gone.aborted) leave();
      let completed = false;
      try {
        const result = await turn.run(take, nobody);
        completed = true;
        return result;
      } finally {
        attendance.end(card.jobId);
        if (repeat !== undefined) recent.ended(repeat, completed);
      }
    },
  };
}

/** A turn that was begun before, from its beginning. */
export function again({ turns, attendance, closing }: TurnDesk, card: TurnCard, caller: string): ReadTurn {
  return {
    card,
    config: undefined,
    isKeyed: false,
    async read(take, gone) {
      const leave = attendance.enter(card.jobId);
      try {
        return await unlessClosing(closing, [gone, closing], (signal) =>
          turns.replay(card.jobId, caller, take, signal),
        );
      } finally {
        leave();
      }
    },
  };
}

/** Undefined when this server closes before the end. */
const unlessClosing = (
  closing: AbortSignal,
  signals: readonly AbortSignal[],
  read: (signal: AbortSignal) => Promise<TurnResult>,
): Promise<TurnResult | undefined> =>
  withAnySignal(signals, read).catch((error: unknown) => {
    if (closing.aborted) return undefined;
    throw error;
  });

/** The turn of a key, told as it was told first. */
const known = (turn: ReadTurn, { config }: TurnHead): ReadTurn => ({
  ...turn,
  config,
  isKeyed: true,
  read: (take, gone) => turn.read(take, gone).catch(sayKeyed),
});

/** What a turn failed with, and how to have another one; what says nothing of the turn's end is left as it is. */
function sayKeyed(error: unknown): never {
  const isEnd = error instanceof AgenticoreError && !NO_END.includes(error.code);
  throw isEnd ? new AgenticoreError(error.code, `${error.message} ${FAILED_UNDER_KEY}`) : error;
}

const NO_END: readonly ErrorCode[] = ['BUS_UNREACHABLE', 'MESSAGE_NOT_FOUND'];
const FAILED_UNDER_KEY =
  'So the turn of this Idempotency-Key ended; it is not run again. To ask once more, send another key.';
