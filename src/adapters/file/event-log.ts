// The ledgers on disk: a transition is one fsynced line, and becomes visible everywhere in one step after that.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord } from '../../domain/evidence.js';
import { isTerminal } from '../../domain/job.js';
import type { AppendResult, EventLog, TakenKey, Transition } from '../../ports/event-log.js';
import { hasCode } from '../host/system-error.js';
import { unreachable } from './disk/growing-file.js';
import {
  closeFiles,
  closeIdleFiles,
  createKeptJob,
  type KeptJob,
  messagesOf,
  REQUEST,
} from './disk/kept-job.js';
import { formatLedgerLine, type LedgerLine, parseLedgerLine } from './disk/ledger-file.js';
import { readLines } from './disk/line-reader.js';
import type { ValueFile } from './disk/value-file.js';
import { syncFolder, writeDurably } from './disk/write-durably.js';
import { type BusState, forget, publish } from './memory/bus-state.js';

/** What removed keys are among the values. */
const KEY = 'key';

const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The event log over the jobs of `state`. `removedKeys`: the idempotency keys whose ledgers are gone. */
export function createEventLog(state: BusState, removedKeys: ValueFile): EventLog {
  const { jobs, lists, serial, upkeep } = state;

  async function append(transition: Transition): Promise<AppendResult> {
    state.assertWritable();
    const { idempotency, expectedVersion } = transition;
    const taken = idempotency && findKey(idempotency.key);
    if (taken) return { kind: 'duplicate', ...taken };
    const job = jobs.get(transition.jobId);
    if ((job?.stored.job.version ?? 0) !== expectedVersion) return { kind: 'conflict' };
    const { claim } = transition;
    if (claim !== undefined && !state.lanes.holds(transition.jobId, transition.after.job.order.lane, claim))
      return { kind: 'unclaimed' };
    await (job ? extend(job, transition) : begin(transition));
    const { nextFor, after } = transition;
    if (nextFor === undefined) return { kind: 'appended' };
    return { kind: 'appended', next: state.lanes.claimWaiting(after.job.order.lane) };
  }

  async function begin(transition: Transition): Promise<void> {
    const { jobId, after, request } = transition;
    if (!JOB_ID.test(jobId))
      throw new Error(`a job id must be fit for a file name: ${JSON.stringify(jobId)}`);
    const folder = join(state.jobsDir, jobId);
    await mkdir(folder, { mode: 0o700 }).catch((error) => {
      throw unreachable(folder, error);
    });
    const job = createKeptJob(folder, after, [], 0);
    try {
      if (request !== undefined) await writeDurably(join(folder, REQUEST), request);
      await write(job, transition, () => Promise.all([syncFolder(folder), syncFolder(state.jobsDir)]));
    } catch (error) {
      await job.ledger.close();
      await rm(folder, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    await closeIdleFiles(job);
  }

  async function extend(job: KeptJob, transition: Transition): Promise<void> {
    const { answer, records } = transition;
    // What a ledger line speaks of must be on the disk before the line is.
    const answerFile = answer === undefined ? undefined : `answer-${job.stored.job.version + 1}.txt`;
    if (answer !== undefined && answerFile) await writeDurably(join(job.folder, answerFile), answer);
    const seals = records.some((record) => 'transcript' in record);
    if (seals) await (await messagesOf(job)).file.sync();
    if (seals || answerFile) await syncFolder(job.folder);
    await write(job, transition, async () => {}, answerFile);
    if (job.stored.job.kind === 'turn' && isTerminal(job.stored.job.status))
      await rm(join(job.folder, REQUEST), { force: true }).catch(() => {}); // it goes with the job at the latest
    await closeIdleFiles(job);
  }

  /** Reserves the cursors, writes the line, and shows it when all lines with lower cursors have been shown. */
  function write(
    job: KeptJob,
    transition: Transition,
    afterwards: () => Promise<unknown>,
    answer?: string,
  ): Promise<void> {
    const { records, after, idempotency, expectedVersion } = transition;
    const line: LedgerLine = {
      cursors: records.map(() => state.cursors.next()),
      records,
      head: after.head(),
      ...(idempotency ? { idempotency: expiring(idempotency) } : {}),
      ...(answer === undefined ? {} : { answer }),
    };
    const before = expectedVersion === 0 ? undefined : job.stored;
    const written = job.ledger.append(formatLedgerLine(line), { sync: true }).then(afterwards);
    return state.inTurn(written, () => publish(state, job, before, line, transition));
  }

  function findKey(key: string): TakenKey | undefined {
    const found = state.keys.find(key, state.now());
    return found
      ? { jobId: found.jobId, digest: found.digest }
      : (removedKeys.get(KEY, key) as TakenKey | undefined);
  }

  const expiring = ({ key, digest, ttlMs }: NonNullable<Transition['idempotency']>) => ({
    key,
    digest,
    expiresAt: state.now() + ttlMs,
  });

  return {
    append(transition) {
      const work = () => serial.run(`job:${transition.jobId}`, () => append(transition));
      // Two submissions under one key must not both find it free.
      return transition.idempotency ? serial.run(`key:${transition.idempotency.key}`, work) : work();
    },
    taken: async (key) => findKey(key),
    async load(jobId) {
      const stored = jobs.get(jobId)?.stored;
      const heldMs = stored && state.admission.heldMs(jobId);
      return stored && heldMs ? { ...stored, heldMs } : stored;
    },
    async read(jobId) {
      const job = jobs.get(jobId);
      return job === undefined ? [] : readRecords(job);
    },
    async answer(jobId) {
      const job = jobs.get(jobId);
      if (job?.answerFile === undefined) return undefined;
      return readFile(join(job.folder, job.answerFile), 'utf8').catch((error) => {
        if (!jobs.has(jobId)) return undefined; // removed meanwhile
        throw unreachable(job.folder, error);
      });
    },
    async request(jobId) {
      const job = jobs.get(jobId);
      if (job === undefined || isTerminal(job.stored.job.status)) return undefined;
      return readFile(join(job.folder, REQUEST), 'utf8').catch((error) => {
        if (hasCode(error, 'ENOENT')) return undefined; // it came with none, or has ended meanwhile
        throw unreachable(job.folder, error);
      });
    },
    async list(query) {
      const { ids, next } = lists.page(query);
      return { jobs: ids.flatMap((id) => jobs.get(id)?.stored.job ?? []), next };
    },
    count: async (status) => lists.count(status),
    upkeepDue: async (now, limit) =>
      upkeep.due(now, limit).map((jobId) => ({ jobId, filed: '', isOnly: true })),
    async dropUpkeep() {}, // a job has one time, which its changes set
    putOffUpkeep: async (jobId, now, at) => upkeep.putOff(jobId, now, at),
    remove(jobId) {
      return serial.run(`job:${jobId}`, async () => {
        const job = jobs.get(jobId);
        if (job === undefined) return;
        state.assertWritable();
        await keepKey(jobId);
        await moveToTrash(job);
      });
    },
  };

  /** On a disk without room, which a removal may be to make, the key is known until the next start only. */
  async function keepKey(jobId: string): Promise<void> {
    const { key, digest, expiresAt = 0 } = state.keys.ofJob(jobId) ?? {};
    if (key === undefined || expiresAt <= state.now()) return;
    const kept = { kind: KEY, id: key, value: { jobId, digest }, until: expiresAt };
    await serial.run('removed-keys', () => removedKeys.put(kept)).catch(() => {});
  }

  async function moveToTrash(job: KeptJob): Promise<void> {
    await closeFiles(job);
    const trash = join(state.trashDir, `${job.id}-${randomUUID()}`);
    await rename(job.folder, trash).catch((error) => {
      throw unreachable(job.folder, error);
    });
    forget(state, job);
    await syncFolder(state.jobsDir);
    await rm(trash, { recursive: true, force: true }).catch(() => {}); // the next start tries again
  }
}

/** The whole ledger as it lies on the disk. Throws BUS_UNREACHABLE. */
export async function readRecords(job: KeptJob): Promise<readonly LedgerRecord[]> {
  try {
    const records = [];
    for await (const { text } of readLines(job.ledger.path, 0, job.ledgerLength)) {
      records.push(...(parseLedgerLine(text)?.records ?? []));
    }
    return records;
  } catch (error) {
    throw unreachable(job.ledger.path, error);
  }
}
