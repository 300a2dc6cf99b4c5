// A claim loop at work on a file bus, with what it runs, asks and says at hand.
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { claimLoop, type Succession } from '../../src/app/loops/claim.js';
import { createSlots } from '../../src/app/slots.js';
import type { Bus } from '../../src/ports/bus.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Claim } from '../../src/ports/command-queue.js';
import { tempDir } from '../support/temp-dir.js';

export const LEASE_MS = 60_000;

export interface Setting {
  readonly lackAtFirst?: string;
  /** In the place of running the job. */
  readonly run?: (claim: Claim, nth: number, bus: Bus, succession: Succession) => Promise<'no-room' | 'over'>;
  readonly slots?: number;
  readonly sleep?: Clock['sleep'];
}

const briefly: Clock['sleep'] = (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal);

export async function done(claim: Claim): Promise<'over'> {
  await claim.ack();
  return 'over';
}

/** Runs the loop until the test is over. */
export async function scene(
  t: { after(done: () => Promise<void>): void },
  { lackAtFirst, run = done, slots = 2, sleep = briefly }: Setting = {},
) {
  const bus = await openFileBus({ home: await tempDir(), leaseMs: LEASE_MS });
  const over = new AbortController();
  let lack = lackAtFirst;
  let asked = 0;
  let waits = 0;
  const ran: string[] = [];
  const told: string[] = [];
  const loop = claimLoop(
    {
      ...{ lane: 'jobs', worker: 'worker-1', leaseMs: LEASE_MS, slots: createSlots(slots) },
      events: bus.events,
      hash: sha256,
      queue: {
        ...bus.queue,
        claim: (...order) => {
          waits += 1;
          return bus.queue.claim(...order);
        },
      },
      room: {
        async lack() {
          asked += 1;
          return lack;
        },
      },
      async run(claim: Claim, succession: Succession) {
        ran.push(claim.jobId);
        return run(claim, ran.length, bus, succession);
      },
      start: { host: 'host-1', credential: 'c' },
      clock: { ...systemClock, sleep },
      log: (fact) => void told.push(fact),
    },
    over.signal,
  );
  t.after(async () => {
    over.abort();
    await loop;
    await bus.close();
  });
  return {
    bus,
    ran,
    told,
    asked: () => asked,
    waits: () => waits,
    leave: () => over.abort(),
    ended: () => loop,
    setLack: (now: string | undefined) => {
      lack = now;
    },
  };
}
