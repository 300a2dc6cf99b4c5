// The embedded bus: every port on files of one folder, for one process. Opened by folding what is on disk.
import { constants } from 'node:fs';
import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import type { Bus } from '../../ports/bus.js';
import type { Clock } from '../../ports/clock.js';
import type { Log } from '../../ports/log.js';
import { type BusState, busState } from './bus-state.js';
import { fileCommandQueue } from './command-queue.js';
import { fileEventLog, syncFolder } from './event-log.js';
import { fileFeed } from './feed.js';
import { unreachable } from './growing-file.js';
import { closeFiles } from './kept-job.js';
import { loadJobs } from './load-jobs.js';
import { type Lock, type Owner, readOwner, takeLock } from './lock.js';
import { fileRegistry } from './registry.js';
import { fileTranscriptLog } from './transcript-log.js';

export interface FileBusOptions {
  /** The bus lives in `<home>/bus`. */
  readonly home: string;
  readonly leaseMs: number;
  /** Wall time; the system's when left out. */
  readonly clock?: Pick<Clock, 'now'>;
  /** Told of folders that cannot be read and of lines cut short. */
  readonly log?: Log;
}

/**
 * Opens the bus in `<home>/bus`, making it when it is not there. Throws BUS_LOCKED when a living process has it, and
 * BUS_UNREACHABLE when the folder cannot be used.
 */
export async function openFileBus({ home, leaseMs, clock, log = () => {} }: FileBusOptions): Promise<Bus> {
  const root = rootOf(home);
  const [jobsDir, trashDir] = [join(root, 'jobs'), join(root, 'trash')];
  const now = (): number => clock?.now() ?? Date.now();
  try {
    await mkdir(jobsDir, { recursive: true, mode: 0o700 });
    for (const folder of [home, root]) await syncFolder(folder);
    const lock = await takeLock(lockOf(root));
    try {
      await rm(trashDir, { recursive: true, force: true });
      await mkdir(trashDir, { mode: 0o700 });
      const found = await loadJobs(jobsDir, log);
      return assemble(root, { jobsDir, trashDir, leaseMs, now }, found, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw error instanceof AgenticoreError ? error : unreachable(root, error);
  }
}

/** Who has the bus of `home` open, or was killed while it had; undefined when nobody does who can be named. */
export const ownerOfFileBus = (home: string): Promise<Owner | undefined> => readOwner(lockOf(rootOf(home)));

const rootOf = (home: string): string => join(home, 'bus');
const lockOf = (root: string): string => join(root, 'lock');

function assemble(
  root: string,
  options: Pick<BusState, 'jobsDir' | 'trashDir' | 'now'> & { readonly leaseMs: number },
  found: Parameters<typeof busState>[1],
  lock: Lock,
): Bus {
  let closed = false;
  const assertWritable = (): void => {
    if (closed) throw new AgenticoreError('BUS_UNREACHABLE', 'The file bus has been closed.');
    if (!lock.isHeld())
      throw new AgenticoreError('BUS_LOCKED', `The lock of ${root} was taken away; restart.`);
  };
  const state = busState({ ...options, assertWritable }, found);
  return {
    name: 'file',
    events: fileEventLog(state),
    transcript: fileTranscriptLog(state),
    queue: fileCommandQueue(state),
    feed: fileFeed(state),
    registry: fileRegistry(),
    async ping() {
      assertWritable();
      await access(state.jobsDir, constants.R_OK | constants.W_OK).catch((error) => {
        throw unreachable(state.jobsDir, error);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      state.lanes.wakeAll();
      await state.serial.idle();
      const closings = await Promise.allSettled([...state.jobs.values()].map(closeFiles));
      await lock.release();
      for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
    },
  };
}
