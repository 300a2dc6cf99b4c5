// From what claude says to what the reader of a turn gets, in the same tick: rendered, and free of secrets.
import { createTurnRenderer } from '../../domain/render-turn.js';
import type { TextFlow } from '../../domain/text-flow.js';
import type { TurnPiece } from '../../domain/turn-piece.js';
import type { Visibility } from '../../domain/visibility.js';
import type { AgentMessage } from '../../ports/agent.js';
import type { FeedEntry } from '../../ports/feed.js';
import type { TurnDeps } from './turn-deps.js';

/** Takes one piece; a returned promise holds claude back. */
export type TakePiece = (piece: TurnPiece) => Promise<void> | void;

export interface Outlet {
  /** Gives what this message of claude adds; a promise when the reader has no room for more. */
  hear(message: Said): Promise<void> | void;
  /** The same for an entry of the feed. */
  read(entry: FeedEntry): Promise<void> | void;
  /** Gives what was held back; call it at the end. */
  finish(): Promise<void> | void;
  /** The text that the reader was given as the answer. */
  shown(): string;
}

type Said = Pick<AgentMessage, 'type' | 'message'>;
type FlowingPiece = Extract<TurnPiece, { kind: 'thinking' | 'text' }>;

/** The outlet of one turn. */
export function createOutlet(
  { redact, openFlow }: Pick<TurnDeps, 'redact' | 'openFlow'>,
  visibility: Visibility,
  take: TakePiece,
): Outlet {
  const renderer = createTurnRenderer(visibility);
  let shown = '';
  /** The text that is being said, with what of it is held back as the possible beginning of a secret. */
  let flowing: { readonly piece: FlowingPiece; readonly flow: TextFlow } | undefined;

  function give(piece: TurnPiece): Promise<void> | void {
    if (piece.kind === 'text' && piece.parent === undefined) shown += piece.text;
    return take(piece);
  }

  function endFlow(): Promise<void> | void {
    if (flowing === undefined) return undefined;
    const { piece, flow } = flowing;
    flowing = undefined;
    const rest = flow.flush();
    return rest === '' ? undefined : give({ ...piece, text: rest });
  }

  function pour(piece: TurnPiece): Promise<void> | void {
    if (piece.kind !== 'text' && piece.kind !== 'thinking') return after(endFlow(), () => give(clean(piece)));
    const isSame = flowing?.piece.kind === piece.kind && flowing.piece.parent === piece.parent;
    const ended = isSame ? undefined : endFlow();
    flowing ??= { piece, flow: openFlow() };
    const text = flowing.flow.push(piece.text);
    return text === '' ? ended : after(ended, () => give({ ...piece, text }));
  }

  function clean(piece: Exclude<TurnPiece, FlowingPiece>): TurnPiece {
    if (piece.kind === 'tool-use') return { ...piece, input: redact(piece.input) };
    return piece.kind === 'tool-result' ? { ...piece, text: redact(piece.text) } : piece;
  }

  const pourAll = (pieces: readonly TurnPiece[]): Promise<void> | void =>
    pieces.reduce<Promise<void> | void>((before, piece) => after(before, () => pour(piece)), undefined);

  return {
    hear: (message) => pourAll(renderer.take(message)),
    read: (entry) => pourAll(renderer.takeEntry(entry)),
    finish: () => after(pourAll(renderer.end()), endFlow),
    shown: () => shown,
  };
}

/** Does what is next at once, unless what was before takes its time. */
function after(before: Promise<void> | void, next: () => Promise<void> | void): Promise<void> | void {
  return before === undefined ? next() : before.then(next);
}
