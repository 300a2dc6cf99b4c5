// The doorbell: whoever follows a feed is told that it grew. The feed itself is the truth; a ring carries nothing.
import type { FeedName } from '../../../ports/feed.js';

export interface Bells {
  ring(feed: FeedName): void;
  /** Hangs up a bell; the returned function takes it down. */
  hang(feed: FeedName, ring: () => void): () => void;
}

const keyOf = (feed: FeedName): string => (feed.kind === 'fleet' ? 'fleet' : `job:${feed.jobId}`);

/** Rings after the current step, so that a listener can never disturb the append that rang. */
export function createBells(): Bells {
  const hung = new Map<string, Set<{ readonly ring: () => void }>>();
  return {
    ring(feed) {
      const key = keyOf(feed);
      for (const bell of hung.get(key) ?? []) {
        queueMicrotask(() => {
          if (hung.get(key)?.has(bell)) bell.ring();
        });
      }
    },
    hang(feed, ring) {
      const key = keyOf(feed);
      const bell = { ring };
      const others = hung.get(key) ?? new Set();
      hung.set(key, others.add(bell));
      return () => {
        others.delete(bell);
        if (others.size === 0 && hung.get(key) === others) hung.delete(key);
      };
    },
  };
}
