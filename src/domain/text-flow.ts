// A text on its way to readers while it is still being written: a part of it may have to wait for what follows.

/** Takes secrets out of text that comes in pieces; a piece may be held back until the next shows that it is harmless. */
export interface TextFlow {
  push(text: string): string;
  /** The rest, at the end of the text. */
  flush(): string;
}
