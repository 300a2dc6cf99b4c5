// Entries of the transcript on their way to the bus: straight while it answers, by way of the spool while it is away,
// in one order always. What is held in memory is bounded, and so is the spool: beyond both, claude is held back.
import { AgenticoreError, isCode, messageOf } from '../../domain/errors.js';
import type { Spool } from '../../ports/spool.js';
import type { TranscriptEntry } from '../../ports/transcript-log.js';
import type { AttemptDeps } from './attempt.js';
import { settleSpools } from './settle-spools.js';

/** Claude is held back while this much waits in memory: a slow bus must not become our memory. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Claude is held back when its spool has grown to this: a long outage must not fill the disk. */
const SPOOL_LIMIT_BYTES = 256 * 1024 * 1024;
const BUS_RETRY_MS = 1000;

export interface Outbox {
  /** True while entries go to the spool: what is no evidence need not be put in. */
  readonly away: boolean;
  put(entry: TranscriptEntry): void;
  /** True while so much waits in memory that `room` would not resolve at once. */
  readonly full: boolean;
  /** Resolves when there is room for more; also when nothing more can be stored. */
  room(): Promise<void>;
  /** Resolves when all that was put in is on the bus. Throws STALE_ATTEMPT, or EVIDENCE_LOST. */
  emptied(): Promise<void>;
  /** Nothing more is put in. What waits is settled now, or stays on the disk for whoever comes next on this host. */
  abandon(): Promise<void>;
}

export type OutboxDeps = Pick<AttemptDeps, 'transcript' | 'spools' | 'clock' | 'log'>;

/** The outbox of an attempt. `onFailure`: nothing more can be stored; `emptied` says why. */
export function createOutbox(
  deps: OutboxDeps,
  jobId: string,
  attempt: number,
  onFailure: () => void,
): Outbox {
  const ids = { job_id: jobId, attempt };
  const over = new AbortController();
  let queue: TranscriptEntry[] = [];
  /** Of what is queued, and of what was taken out to be stored and is not yet. */
  let heldBytes = 0;
  let last: TranscriptEntry | undefined;
  /** Set while the bus is away. */
  let spool: Spool | undefined;
  let isSending = false;
  let isWriting = false;
  /** The spool takes no more: it is full, or the disk refuses. */
  let isFull = false;
  /** Facts that were logged since the bus last took something: neither bus nor disk is any news a second later. */
  const told = new Set<string>();
  let failure: unknown;
  let waiting: (() => void)[] = [];

  const nextChange = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  function changed(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  const isOverfull = (): boolean => heldBytes > HIGH_WATER_BYTES && !over.signal.aborted;

  function warnOnce(fact: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (told.has(fact)) return;
    told.add(fact);
    deps.log(fact, { ...ids, ...fields }, 'warn');
  }

  function takeAll(): TranscriptEntry[] {
    const taken = queue;
    queue = [];
    return taken;
  }

  /** Somebody else has them now. */
  function letGo(entries: readonly TranscriptEntry[]): void {
    heldBytes -= entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    changed();
  }

  function putBack(entries: readonly TranscriptEntry[]): void {
    queue = [...entries, ...queue];
  }

  function start(): void {
    if (over.signal.aborted) return;
    if (!isSending) void send();
    if (spool !== undefined && !isWriting && !isFull) void write(spool);
  }

  /** Sends what is queued, until nothing is. The flags change in the same step as the last look at the queue. */
  async function send(): Promise<void> {
    isSending = true;
    try {
      while (queue.length > 0 && !over.signal.aborted) {
        const batch = takeAll();
        if (await isStored(batch)) {
          letGo(batch);
        } else {
          putBack(batch);
          await wayOfTheSpool();
        }
      }
    } catch (error) {
      await fail(error);
    }
    isSending = false;
    changed();
  }

  /** False when the bus is away. */
  async function isStored(batch: readonly TranscriptEntry[]): Promise<boolean> {
    try {
      if ((await deps.transcript.append(jobId, attempt, batch)) === 'stale')
        throw new AgenticoreError('STALE_ATTEMPT');
      told.clear();
      return true;
    } catch (error) {
      if (isCode(error, 'BUS_UNREACHABLE')) return false;
      throw error;
    }
  }

  /** From the moment the bus is away until everything that was spooled meanwhile is on it. */
  async function wayOfTheSpool(): Promise<void> {
    const file = deps.spools.open({ jobId, attempt });
    spool = file;
    warnOnce('transcript.spooling');
    start();
    await deps.clock.sleep(BUS_RETRY_MS, over.signal);
    while (!over.signal.aborted) {
      const batch = await file.next();
      if (batch.length > 0 && (await isStored(batch))) file.pass();
      else if (batch.length > 0) {
        await deps.clock.sleep(BUS_RETRY_MS, over.signal);
        isFull = false; // there may be room on the disk again
        start();
      } else if (isWriting) await nextChange();
      else if (!file.isWaiting && (queue.length === 0 || isFull)) break;
    }
    if (over.signal.aborted) return;
    spool = undefined;
    isFull = false;
    const bytes = file.bytes;
    await file.remove();
    if (bytes > 0) deps.log('transcript.spool_forwarded', { ...ids, bytes });
  }

  /** Writes what is queued into the spool, until nothing is or it takes no more. */
  async function write(file: Spool): Promise<void> {
    isWriting = true;
    while (queue.length > 0 && !isFull && !over.signal.aborted) {
      isFull = file.bytes >= SPOOL_LIMIT_BYTES;
      if (isFull) warnOnce('transcript.spool_full', { bytes: file.bytes });
      else await writeAll(file);
    }
    isWriting = false;
    changed();
  }

  async function writeAll(file: Spool): Promise<void> {
    const batch = takeAll();
    try {
      await file.append(batch);
      letGo(batch);
    } catch (error) {
      putBack(batch);
      isFull = true;
      warnOnce('transcript.spool_failed', { error: messageOf(error) });
    }
  }

  async function fail(error: unknown): Promise<void> {
    failure = error;
    over.abort();
    await endSpool(keepAsStale, 'transcript.spool_failed');
    onFailure();
  }

  /** Lets `use` have the spool, if there is one, with what is still in memory; `otherwise` is logged when that fails. */
  async function endSpool(use: (file: Spool) => Promise<void>, otherwise: string): Promise<void> {
    while (isWriting) await nextChange();
    const file = spool;
    spool = undefined;
    if (file === undefined) return;
    try {
      if (queue.length > 0 && !isFull) await file.append(takeAll());
      await use(file);
    } catch (error) {
      deps.log(otherwise, { ...ids, bytes: file.bytes, error: messageOf(error) }, 'warn');
    }
  }

  /** What the bus will never take is evidence all the same. */
  async function keepAsStale(file: Spool): Promise<void> {
    await file.keepAsStale();
    deps.log('transcript.spool_stale', { ...ids, bytes: file.bytes }, 'warn');
  }

  /** Whether the bus still takes it shows when it answers: now, or at the next start or claim. */
  async function leave(file: Spool): Promise<void> {
    await file.close();
    await settleSpools(deps, jobId);
  }

  return {
    get away() {
      return spool !== undefined;
    },
    put(entry) {
      last = entry;
      queue.push(entry);
      heldBytes += sizeOf(entry);
      start();
    },
    get full() {
      return isOverfull();
    },
    async room() {
      while (isOverfull()) await nextChange();
    },
    async emptied() {
      while (isSending) await nextChange();
      // Sent twice it changes nothing, and a bus that was restored from an older state meanwhile shows it here.
      if (last !== undefined && !over.signal.aborted) {
        queue.push(last);
        heldBytes += sizeOf(last);
      }
      start();
      while (isSending) await nextChange();
      if (failure !== undefined) throw failure;
      if (over.signal.aborted) throw new AgenticoreError('STALE_ATTEMPT');
    },
    async abandon() {
      over.abort();
      changed();
      await endSpool(leave, 'transcript.spool_left');
      queue = [];
    },
  };
}

const sizeOf = ({ data, whole }: TranscriptEntry): number => data.length + (whole?.length ?? 0);
