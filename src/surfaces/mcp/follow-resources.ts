// What one client follows: a notification when it has changed, and no more of them than anybody can use.
import { messageOf } from '../../domain/errors.js';
import type { Log } from '../../ports/log.js';

/** A job that is talkative changes many times a second. */
const QUIET_MS = 1_000;

export interface Following {
  /** Follows exactly these from now on. */
  set(uris: readonly string[]): void;
  readonly uris: () => readonly string[];
}

/** Nothing is followed yet. `watch` gives undefined for what never changes. */
export function followResources(
  watch: (uri: string, ring: () => void) => Promise<() => void> | undefined,
  notify: (uri: string) => void,
  log: Log,
): Following {
  const followed = new Map<string, () => void>();

  function begin(uri: string): () => void {
    let isOver = false;
    let isDue = false;
    let pause: NodeJS.Timeout | undefined;
    const ring = (): void => {
      isDue = true;
      if (isOver || pause !== undefined) return;
      isDue = false;
      notify(uri);
      pause = setTimeout(() => {
        pause = undefined;
        if (isDue) ring();
      }, QUIET_MS);
    };
    const watching = watch(uri, ring);
    watching?.catch((error: unknown) => log('mcp.follow_failed', { uri, error: messageOf(error) }, 'warn'));
    return () => {
      isOver = true;
      clearTimeout(pause);
      watching?.then((unwatch) => unwatch()).catch(() => {}); // it never began
    };
  }

  return {
    set(uris) {
      for (const [uri, end] of followed) {
        if (uris.includes(uri)) continue;
        followed.delete(uri);
        end();
      }
      for (const uri of uris) if (!followed.has(uri)) followed.set(uri, begin(uri));
    },
    uris: () => [...followed.keys()],
  };
}
