// How long a reader waited for the first piece of an answer.
import type { Meter } from '../../../ports/meter.js';
import type { ReadTurn } from './admit.js';

/** The turn, measured from `since` on, in epoch milliseconds. */
export const timedToFirst = (
  turn: ReadTurn,
  { meter, now, since }: { readonly meter: Meter; readonly now: () => number; readonly since: number },
): ReadTurn => ({
  ...turn,
  read(take, gone) {
    let isFirst = true;
    return turn.read((piece) => {
      if (isFirst) meter.record('turn_ttft_seconds', {}, Math.max(0, now() - since) / 1000);
      isFirst = false;
      return take(piece);
    }, gone);
  },
});
