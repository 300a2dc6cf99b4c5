// How often strangers may try something: counted on the bus, for all processes together.
import type { Tallies } from '../../ports/tallies.js';

export interface Bounds {
  /** Of one address; of all together. */
  readonly each: number;
  readonly all: number;
  readonly windowMs: number;
}

/** Logins of the consent page, right or wrong. */
export const LOGINS: Bounds = { each: 10, all: 100, windowMs: 15 * 60_000 };
/** Clients that register themselves. */
export const REGISTRATIONS: Bounds = { each: 20, all: 500, windowMs: 60 * 60_000 };

/** Counts this try; false when there were too many. */
export async function mayTry(
  tallies: Tallies,
  what: 'login' | 'registration',
  address: string | undefined,
  { each, all, windowMs }: Bounds,
): Promise<boolean> {
  if ((await tallies.count(`${what}:${address}`, windowMs)).count > each) return false;
  return (await tallies.count(what, windowMs)).count <= all;
}
