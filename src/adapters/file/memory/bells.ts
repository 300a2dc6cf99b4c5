// The doorbell: whoever follows a feed is told that it grew, whoever waits for a turn that it ended, who serves a visit
// that something was said elsewhere. A ring carries nothing: the feed, the turn or the visit is the truth.
import type { FeedName } from '../../../ports/feed.js';

/** A feed, the turn of a conversation, or a visit. */
export type BellName = FeedName | { readonly kind: 'turn' | 'visit'; readonly id: string };

export interface Bells {
  ring(name: BellName): void;
  /** Hangs up a bell; the returned function takes it down. */
  hang(name: BellName, ring: () => void): () => void;
}

function keyOf(name: BellName): string {
  switch (name.kind) {
    case 'fleet':
      return 'fleet';
    case 'job':
      return `job:${name.jobId}`;
    case 'turn':
    case 'visit':
      return `${name.kind}:${name.id}`;
    default:
      return name satisfies never;
  }
}

/** Rings after the current step, so that a listener can never disturb the append that rang. */
export function createBells(): Bells {
  const hung = new Map<string, Set<{ readonly ring: () => void }>>();
  return {
    ring(name) {
      const key = keyOf(name);
      for (const bell of hung.get(key) ?? []) {
        queueMicrotask(() => {
          if (hung.get(key)?.has(bell)) bell.ring();
        });
      }
    },
    hang(name, ring) {
      const key = keyOf(name);
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
