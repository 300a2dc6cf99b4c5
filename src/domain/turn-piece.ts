// What a reader of a turn is given, piece by piece, whatever surface it reads at.

/** `parent`: the tool call whose sub-agent it comes from. */
interface OfAgent {
  readonly parent?: string;
}

export type TurnPiece =
  | ({ readonly kind: 'thinking'; readonly text: string } & OfAgent)
  | ({ readonly kind: 'text'; readonly text: string } & OfAgent)
  /** What the text since the last `text-end` was, once that is known. */
  | ({ readonly kind: 'text-end'; readonly role: 'narration' | 'final' } & OfAgent)
  /** `input`: JSON. */
  | ({
      readonly kind: 'tool-use';
      readonly id: string;
      readonly name: string;
      readonly input: string;
    } & OfAgent)
  | ({
      readonly kind: 'tool-result';
      readonly toolUseId: string;
      readonly isError: boolean;
      readonly text: string;
    } & OfAgent);
