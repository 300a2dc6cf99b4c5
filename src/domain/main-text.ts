// What the main agent of a turn says to its reader, and what each stretch of it was: told on the way to a tool, or last.
import { BLANK_LINE, type SpokenBlock } from './spoken-block.js';
import type { TurnPiece } from './turn-piece.js';
import type { Visibility } from './visibility.js';

export interface MainText {
  /** `news` is what has become known of the block. */
  add(news: string, block: SpokenBlock): readonly TurnPiece[];
  /** No other block continues the text: if more is said nevertheless, this was narration. */
  settle(): void;
  /** It is known what the text since the last `close` was. */
  close(role: 'narration' | 'final'): readonly TurnPiece[];
  hasSpoken(): boolean;
  shown(): string;
  last(): string | undefined;
}

/** Text of which not every kind is shown is held until it is known what it is. */
export function createMainText(visibility: Visibility): MainText {
  const isHeld = !(visibility.narration && visibility.final);
  let stretch: SpokenBlock[] = [];
  let isSettled = false;
  let hasSpoken = false;
  let shown = '';
  let needsGap = false;
  let finalText: string | undefined;

  const textOf = (): string => stretch.map((block) => block.text()).join('');

  /** Stretches with work between them are no one sentence: readers that see only the text get them apart. */
  function give(text: string): TurnPiece {
    const gap =
      needsGap && shown !== '' ? BLANK_LINE.slice(/\n{0,2}$/.exec(shown.slice(-2))?.[0].length) : '';
    needsGap = false;
    shown += gap + text;
    return { kind: 'text', text: gap + text };
  }

  function close(role: 'narration' | 'final'): readonly TurnPiece[] {
    const text = textOf();
    stretch = [];
    isSettled = false;
    if (text === '') return [];
    finalText = role === 'final' ? text : undefined;
    const isShown = visibility[role];
    const pieces: readonly TurnPiece[] = isShown
      ? [...(isHeld ? [give(text)] : []), { kind: 'text-end', role }]
      : [];
    needsGap = true;
    return pieces;
  }

  return {
    add(news, block) {
      const isNew = stretch.at(-1) !== block;
      const before = isSettled && isNew && news !== '' ? close('narration') : [];
      if (isNew) stretch.push(block);
      if (news === '') return before;
      hasSpoken = true;
      return isHeld ? before : [...before, give(news)];
    },
    settle() {
      isSettled = true;
    },
    close,
    hasSpoken: () => hasSpoken,
    shown: () => shown,
    last: () => textOf() || finalText,
  };
}
