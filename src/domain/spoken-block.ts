// One block of what Claude says, which may come in pieces, whole, or first in pieces and then whole: each character of it
// is given once.

export interface SpokenBlock {
  /** The next piece of it; returns what is new to readers. */
  grow(piece: string): string;
  /** The whole of it, which is all that counts from now on; returns what is new to readers. */
  complete(whole: string): string;
  /** Its stream broke: it is told from its beginning again. Readers keep what they have. */
  restart(): void;
  /** What it says, as far as known; of a broken stream and its replacement the replacement. */
  text(): string;
}

/** Between two texts of which the second does not continue the first. */
export const BLANK_LINE = '\n\n';

export function openBlock(): SpokenBlock {
  let said = '';
  /** What readers have of an earlier telling that this one has not caught up with. */
  let given: string | undefined;

  function catchUp(earlier: string): string {
    given = undefined;
    if (said.startsWith(earlier)) return said.slice(earlier.length);
    if (!earlier.startsWith(said)) return BLANK_LINE + said;
    given = earlier;
    return '';
  }
  return {
    grow(piece) {
      said += piece;
      return given === undefined ? piece : catchUp(given);
    },
    complete(whole) {
      const earlier = given ?? said;
      said = whole;
      return catchUp(earlier);
    },
    restart() {
      given ??= said;
      said = '';
    },
    text: () => said,
  };
}
