// Agenticore with nothing between the start of an attempt and its end: the real counter, lane, claim loop and ledger.
import { randomUUID } from 'node:crypto';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { systemClock } from '../../../src/adapters/host/system-clock.js';
import { openRedisBus } from '../../../src/adapters/redis/open-redis-bus.js';
import { handleCommand } from '../../../src/app/handle-command.js';
import { claimLoop, type Succession } from '../../../src/app/loops/claim.js';
import { createLeases, type Leases } from '../../../src/app/loops/lease.js';
import { createSlots } from '../../../src/app/slots.js';
import { type SubmitDeps, submitJob } from '../../../src/app/submit-job.js';
import { mergeProfiles } from '../../../src/domain/profile.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { Claim } from '../../../src/ports/command-queue.js';
import { type Contender, REQUEST, type WorkListener } from './contender.js';

const LEASE_MS = 30_000;
const LANE = 'jobs';
const DAY_S = 86_400;

/** Who works, as it stands in each AttemptStarted. */
export const WORKER = { worker: 'worker-1', host: 'bench' } as const;

export interface OpenQueue extends Contender {
  readonly bus: Bus;
  readonly deps: SubmitDeps;
  readonly keyPrefix: string;
}

/** Opens a bus of its own. */
export async function openAgenticore(url: string): Promise<OpenQueue> {
  const keyPrefix = 'agenticore';
  const bus = await openRedisBus({ url, keyPrefix, leaseMs: LEASE_MS, consumer: 'bench' });
  await bus.ping();
  const deps = submitDeps(bus);
  return {
    name: 'agenticore',
    bus,
    deps,
    keyPrefix,
    async submit() {
      await submitJob(deps, REQUEST);
    },
    async work(concurrency, listener) {
      const stopping = new AbortController();
      const slots = createSlots(concurrency);
      const leases = createLeases({ clock: systemClock, leaseMs: LEASE_MS, log: complain });
      const claiming = {
        events: bus.events,
        hash: sha256,
        queue: bus.queue,
        lane: LANE,
        worker: WORKER.worker,
        leaseMs: LEASE_MS,
        slots,
        run: async (claim: Claim, succession: Succession) => {
          await runNothing(deps, leases, claim, listener, succession);
          return 'over' as const;
        },
        room: { lack: async () => undefined },
        clock: systemClock,
        log: complain,
        start: { host: WORKER.host, credential: 'none' },
      };
      let loop = Promise.resolve();
      return {
        begin() {
          loop = claimLoop(claiming, stopping.signal);
        },
        async stop() {
          stopping.abort();
          await loop;
          await slots.idle();
        },
      };
    },
    close: () => bus.close(),
  };
}

/** The ledger of a real attempt, and its lease, around no work. */
async function runNothing(
  deps: SubmitDeps,
  leases: Leases,
  claim: Claim,
  listener: WorkListener,
  succession: Succession,
): Promise<void> {
  const started =
    claim.started ??
    (await handleCommand(
      deps,
      claim.jobId,
      { type: 'StartAttempt', ...WORKER },
      { claim: claim.token },
      claim.known,
    ));
  const { job } = started;
  listener.started();
  const letGo = leases.keep(claim, () => undefined);
  const outcome = { kind: 'succeeded' } as const;
  const { next } = await handleCommand(
    deps,
    job.id,
    { type: 'EndAttempt', attempt: job.attempt, outcome, jitter: 0 },
    { nextFor: succession.nextFor(true) },
    started,
  );
  if (next !== undefined) succession.follow(next);
  letGo();
  listener.done();
}

function submitDeps(bus: Bus): SubmitDeps {
  const profile = mergeProfiles('code', []);
  return {
    events: bus.events,
    clock: systemClock,
    hash: sha256,
    profiles: {
      list: async () => [],
      load: async () => profile,
      repository: async () => undefined,
      sync: async () => {},
      materialise: async () => ({ instructions: '' }),
    },
    newId: randomUUID,
    accepting: () => true,
    checkFilePath: async (path) => path,
    redactTask: (task) => task,
    courier: { check: () => {} },
    policy: {
      defaultProfile: profile.name,
      lane: LANE,
      maxQueued: 1_000_000,
      jobTtlS: DAY_S,
      queueTtlS: DAY_S,
      maxAttempts: 3,
      repoUrls: { allowedProtocols: ['https'] },
    },
  };
}

function complain(message: string, fields?: Readonly<Record<string, unknown>>): void {
  console.error(message, fields);
}
