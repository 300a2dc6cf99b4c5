// A chat request gets its turn: a new one, or the one that the same request has begun before.
import type { AcceptedTurn, TurnResult } from '../../../app/turn/turns.js';
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
export interface TurnDesk extends Pick<OpenAiDeps, 'turns' | 'hash' | 'clock' | 'closing'> {
  readonly attendance: Attendance;
  readonly recent: RecentTurns;
}

/** Throws as `Turns.open` does: nothing was started then. */
export async function admit(desk: TurnDesk, request: ChatRequest, gone: AbortSignal): Promise<Admitted> {
  const key = repeatKey(desk, request);
  const earlier = key === undefined ? undefined : await desk.recent.same(key, request.isRetry);
  const delivered = (): void => {
    if (key !== undefined) desk.recent.delivered(key);
  };
  if (earlier !== undefined)
    return { kind: 'turn', turn: again(desk, earlier, request.turn.caller.name), delivered };

  const opening = desk.turns
    .open(request.turn, gone)
    .then((opened) =>
      opened.kind === 'configured'
        ? opened
        : { ...opened, card: cardOf(opened.turn, request, desk.clock.now()) },
    );
  if (key !== undefined)
    desk.recent.opening(
      key,
      opening.then((opened) => (opened.kind === 'accepted' ? opened.card : undefined)),
    );
  const opened = await opening;
  if (opened.kind === 'configured') return opened;
  desk.recent.keep(opened.card);
  return { kind: 'turn', turn: first(desk, opened.turn, opened.card, key), delivered };
}

/** Only callers who name their conversation are known to mean the same turn when they say the same. */
function repeatKey({ hash }: TurnDesk, { turn, model }: ChatRequest): string | undefined {
  return turn.conversationKey === undefined || turn.auxiliary
    ? undefined
    : hash(JSON.stringify({ ...turn, model }));
}

const cardOf = (
  turn: AcceptedTurn,
  { model, includeUsage, turn: asked }: ChatRequest,
  now: number,
): TurnCard => ({
  jobId: turn.jobId,
  caller: asked.caller.name,
  conversationId: turn.conversationId,
  model,
  created: Math.floor(now / 1000),
  includeUsage,
  jsonOnly: asked.options.jsonSchema !== undefined,
  showsThinking: turn.visibility.thinking,
});

/** The turn that was just opened: this reader's leaving may end it. */
function first(
  { attendance, recent }: TurnDesk,
  turn: AcceptedTurn,
  card: TurnCard,
  key: string | undefined,
): ReadTurn {
  return {
    card,
    config: turn.config,
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
        if (key !== undefined) recent.ended(key, completed);
      }
    },
  };
}

/** A turn that was begun before, from its beginning. */
export function again({ turns, attendance, closing }: TurnDesk, card: TurnCard, caller: string): ReadTurn {
  return {
    card,
    config: undefined,
    async read(take, gone) {
      const leave = attendance.enter(card.jobId);
      try {
        return await withAnySignal([gone, closing], (signal) =>
          turns.replay(card.jobId, caller, take, signal),
        );
      } catch (error) {
        if (closing.aborted) return undefined;
        throw error;
      } finally {
        leave();
      }
    },
  };
}
