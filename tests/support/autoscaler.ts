// What an autoscaler makes of a lane: KEDA's redis-streams trigger and the arithmetic of the horizontal pod autoscaler.
import type { Redis } from 'ioredis';

/** A trigger as in a ScaledObject; the target is what one pod should have. */
export interface Trigger {
  readonly stream: string;
  readonly target: number;
  /** Length of the stream, claimed entries of a group, or entries that the group has not delivered. */
  readonly mode: 'length' | 'pending' | 'lag';
}

const GROUP = 'workers';

/** The number that KEDA 2.20 would report. A missing stream or group counts as it does there; errors are thrown. */
export async function triggerMetric(redis: Redis, { stream, mode }: Trigger): Promise<number> {
  switch (mode) {
    case 'length':
      return redis.xlen(stream);
    case 'pending': {
      const [count] = (await redis.xpending(stream, GROUP)) as [number];
      return count;
    }
    case 'lag': {
      const groups = (await redis.xinfo('GROUPS', stream)) as unknown[][];
      const lag = groups[0]?.[groups[0].indexOf('lag') + 1];
      return typeof lag === 'number' ? lag : 0; // NULL: clamped
    }
    default:
      return mode satisfies never;
  }
}

/** Pods wanted for these triggers: each asks for its share, the largest wins. Nothing to do: none. */
export function podsWanted(metrics: readonly number[], triggers: readonly Trigger[], max: number): number {
  const asked = metrics.map((metric, index) => Math.ceil(metric / (triggers[index]?.target ?? 1)));
  return Math.min(max, Math.max(0, ...asked));
}
