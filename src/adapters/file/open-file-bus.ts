// The embedded bus: every port on files of one folder, for one process. Opened by folding what is on disk.
import { constants } from 'node:fs';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import type { Bus } from '../../ports/bus.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import { createBreaker } from './breaker.js';
import { createCallbacks } from './callbacks.js';
import { createCommandQueue } from './command-queue.js';
import { createConversations } from './conversations.js';
import { createCustody } from './custody.js';
import { createDeadLetters } from './dead-letters.js';
import { unreachable } from './disk/growing-file.js';
import { closeFiles } from './disk/kept-job.js';
import { type LoadedJob, loadJobs } from './disk/load-jobs.js';
import { type Lock, type Owner, readOwner, takeLock } from './disk/lock.js';
import { openValueFile, type ValueFile } from './disk/value-file.js';
import { syncFolder } from './disk/write-durably.js';
import { createEventLog } from './event-log.js';
import { createFeed } from './feed.js';
import { createGrants } from './grants.js';
import { createBusState, type StateOptions } from './memory/bus-state.js';
import { createRegistry } from './registry.js';
import { createTallies } from './tallies.js';
import { createTranscriptLog } from './transcript-log.js';
import { createVisits } from './visits.js';

export interface FileBusOptions {
  /** What this process calls itself: those who find the bus in its hands know it by that. */
  readonly holder?: string;
  /** The bus lives in `<home>/bus`. */
  readonly home: string;
  readonly leaseMs: number;
  /** How many jobs of one repository may be in their lanes at once; any number when left out or 0. */
  readonly maxPerRepo?: number;
  /** Wall time; the system's when left out. */
  readonly clock?: Pick<Clock, 'now'>;
  /** Told of folders that cannot be read and of lines cut short. */
  readonly log?: Log;
}

/**
 * Opens the bus in `<home>/bus`, making it when it is not there. Throws BUS_LOCKED when a living process has it, and
 * BUS_UNREACHABLE when the folder cannot be used.
 */
export async function openFileBus(options: FileBusOptions): Promise<Bus> {
  const { home, leaseMs, maxPerRepo = 0, clock, log = () => {} } = options;
  const root = rootOf(home);
  const [jobsDir, trashDir] = [join(root, 'jobs'), join(root, 'trash')];
  const now = (): number => clock?.now() ?? Date.now();
  try {
    await mkdir(jobsDir, { recursive: true, mode: 0o700 });
    for (const folder of [home, root]) await syncFolder(folder);
    const lock = await takeLock(lockOf(root), options.holder);
    try {
      await rm(trashDir, { recursive: true, force: true });
      await mkdir(trashDir, { mode: 0o700 });
      const found = await loadJobs(jobsDir, log);
      const values = await openValues(root, now, log);
      return assemble(root, { jobsDir, trashDir, leaseMs, maxPerRepo, now }, { found, ...values }, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw error instanceof AgenticoreError ? error : unreachable(root, error);
  }
}

/**
 * What the bus in `<home>/bus` holds at this moment, as far as it can be read beside a process that writes to it:
 * nothing is locked, nothing is changed, and nothing that comes later is seen. Writing throws BUS_LOCKED.
 */
export async function readFileBus(options: FileBusOptions): Promise<Bus> {
  const { home, leaseMs, maxPerRepo = 0, clock, log = () => {} } = options;
  const root = rootOf(home);
  const [jobsDir, trashDir] = [join(root, 'jobs'), join(root, 'trash')];
  const now = (): number => clock?.now() ?? Date.now();
  const found = await loadJobs(jobsDir, log, 'look').catch((error) => {
    throw error instanceof AgenticoreError ? error : unreachable(root, error);
  });
  const values = await openValues(root, now, log);
  const lock: Lock = { isHeld: () => false, release: async () => {} };
  return assemble(root, { jobsDir, trashDir, leaseMs, maxPerRepo, now }, { found, ...values }, lock);
}

/** Who has the bus of `home` open, or was killed while it had; undefined when nobody does who can be named. */
export const ownerOfFileBus = (home: string): Promise<Owner | undefined> => readOwner(lockOf(rootOf(home)));

/** What the smallest transition may need. */
const PROBE = Buffer.alloc(4096);

const rootOf = (home: string): string => join(home, 'bus');
const lockOf = (root: string): string => join(root, 'lock');

interface Values {
  readonly conversations: ValueFile;
  readonly grants: ValueFile;
  readonly visits: ValueFile;
  readonly removedKeys: ValueFile;
}

interface OnDisk extends Values {
  readonly found: readonly LoadedJob[];
}

async function openValues(root: string, now: () => number, log: Log): Promise<Values> {
  const open = (name: string): Promise<ValueFile> => openValueFile(join(root, name), now, log);
  return {
    conversations: await open('conversations.jsonl'),
    grants: await open('grants.jsonl'),
    visits: await open('visits.jsonl'),
    removedKeys: await open('removed-keys.jsonl'),
  };
}

function assemble(
  root: string,
  options: Omit<StateOptions, 'assertWritable'>,
  { found, ...values }: OnDisk,
  lock: Lock,
): Bus {
  let closed = false;
  const assertWritable = (): void => {
    if (closed) throw new AgenticoreError('BUS_UNREACHABLE', 'The file bus has been closed.');
    if (!lock.isHeld())
      throw new AgenticoreError(
        'BUS_LOCKED',
        `The lock of ${root} is not held here; it was taken away, or never taken.`,
      );
  };
  const state = createBusState({ ...options, assertWritable }, found);
  return {
    name: 'file',
    events: createEventLog(state, values.removedKeys),
    transcript: createTranscriptLog(state),
    queue: createCommandQueue(state),
    deadLetters: createDeadLetters(state),
    feed: createFeed(state),
    registry: createRegistry(),
    custody: createCustody(state),
    breaker: createBreaker(state),
    conversations: createConversations(state, values.conversations),
    grants: createGrants(state, values.grants),
    callbacks: createCallbacks(state),
    visits: createVisits(state, values.visits),
    tallies: createTallies(state),
    weaknesses: async () => [],
    async ping() {
      assertWritable();
      await access(state.jobsDir, constants.R_OK | constants.W_OK).catch((error) => {
        throw unreachable(state.jobsDir, error);
      });
      await assertRoom(join(state.trashDir, 'probe'));
    },
    async close() {
      if (closed) return;
      closed = true;
      state.lanes.wakeAll();
      await state.serial.idle();
      await Promise.all(Object.values(values).map((file) => file.close()));
      const closings = await Promise.allSettled([...state.jobs.values()].map(closeFiles));
      await lock.release();
      for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
    },
  };
}

/** A disk that is full can be written to by its permissions; only writing tells. */
async function assertRoom(path: string): Promise<void> {
  try {
    await writeFile(path, PROBE);
  } catch (error) {
    throw unreachable(path, error);
  } finally {
    await rm(path, { force: true });
  }
}
