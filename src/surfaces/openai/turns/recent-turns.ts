// What this process remembers of the turns it has answered: clients send a request again when an answer breaks off, and
// must not make Claude do the work twice.

/** What the first reader of a turn was told of it. */
export interface TurnCard {
  readonly jobId: string;
  /** Whose it is. */
  readonly caller: string;
  readonly conversationId: string | undefined;
  /** As the client named it. */
  readonly model: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly includeUsage: boolean;
  readonly jsonOnly: boolean;
  readonly showsThinking: boolean;
}

export interface RecentTurns {
  card(jobId: string): TurnCard | undefined;
  keep(card: TurnCard): void;
  /**
   * The turn that an identical request began, when it runs or has completed not long ago. Who has had the whole answer
   * and asks again wants another one, unless the request says that it is a retry.
   */
  same(key: string, isRetry: boolean): Promise<TurnCard | undefined>;
  /** A turn is being opened for a request; `undefined` or a rejection: there is none after all. */
  opening(key: string, card: Promise<TurnCard | undefined>): void;
  /** Only one that completed is given again. */
  ended(key: string, completed: boolean): void;
  /** A reader has got the whole answer. */
  delivered(key: string): void;
}

interface Shared {
  readonly card: Promise<TurnCard | undefined>;
  endedAt?: number;
  isDelivered?: true;
}

/** Remembers at most `maxRemembered` turns, the newest; a completed one for `repeatMs`. */
export function createRecentTurns(
  { maxRemembered, repeatMs }: { readonly maxRemembered: number; readonly repeatMs: number },
  now: () => number,
): RecentTurns {
  const cards = new Map<string, TurnCard>();
  const shared = new Map<string, Shared>();
  const bound = (map: Map<string, unknown>): void => {
    for (const oldest of map.keys()) {
      if (map.size <= maxRemembered) return;
      map.delete(oldest);
    }
  };

  return {
    card: (jobId) => cards.get(jobId),
    keep(card) {
      cards.set(card.jobId, card);
      bound(cards);
    },
    async same(key, isRetry) {
      const earlier = shared.get(key);
      if (earlier === undefined) return undefined;
      const { endedAt, isDelivered = false } = earlier;
      if (endedAt !== undefined && (now() - endedAt > repeatMs || (isDelivered && !isRetry)))
        shared.delete(key);
      return shared.get(key)?.card;
    },
    opening(key, card) {
      const opened: Shared = { card: card.catch(() => undefined) };
      shared.set(key, opened);
      bound(shared);
      void opened.card.then((known) => {
        if (known === undefined && shared.get(key) === opened) shared.delete(key);
      });
    },
    delivered(key) {
      const turn = shared.get(key);
      if (turn !== undefined) turn.isDelivered = true;
    },
    ended(key, completed) {
      const turn = shared.get(key);
      if (turn !== undefined && completed) turn.endedAt = now();
      else shared.delete(key);
    },
  };
}
