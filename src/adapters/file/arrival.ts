// A job on its way into the file bus: laid out in a folder beside the others, and moved among them when it is whole.
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord } from '../../domain/evidence.js';
import type { Arrival, MovedEntry, MovedJob } from '../../ports/custody.js';
import { createGrowingFile, unreachable } from './disk/growing-file.js';
import { LEDGER, MESSAGES, REQUEST, TRIMMED } from './disk/kept-job.js';
import { formatLedgerLine } from './disk/ledger-file.js';
import { loadJob } from './disk/load-jobs.js';
import { formatMessageLine } from './disk/message-file.js';
import { syncFolder, writeDurably } from './disk/write-durably.js';
import { readRecords } from './event-log.js';
import { adopt, type BusState } from './memory/bus-state.js';

const ANSWER = 'answer.txt';

/** Begins to lay out `jobId`. Its folder lies in the trash, which the next start empties, until it is settled. */
export async function createArrival(state: BusState, jobId: string): Promise<Arrival> {
  const folder = join(state.trashDir, `${jobId}-arriving-${randomUUID()}`);
  await mkdir(folder, { mode: 0o700 }).catch((error) => {
    throw unreachable(folder, error);
  });
  const messages = createGrowingFile(join(folder, MESSAGES), 0);

  async function lay({ records, cursors, after, answer, request, trimmed }: MovedJob): Promise<void> {
    if (answer !== undefined) await writeDurably(join(folder, ANSWER), answer);
    if (request !== undefined) await writeDurably(join(folder, REQUEST), request);
    if (trimmed !== undefined) await writeDurably(join(folder, TRIMMED), JSON.stringify(trimmed));
    const last = cursors.at(-1);
    if (last !== undefined) state.cursors.saw(last);
    const lines = records.map((record, index) =>
      formatLedgerLine({
        cursors: [cursors[index] ?? state.cursors.next()],
        records: [record],
        head: records[index + 1]?.prev ?? after.head(),
        ...(answer !== undefined && index === records.length - 1 ? { answer: ANSWER } : {}),
      }),
    );
    await messages.sync();
    await messages.close();
    await writeDurably(join(folder, LEDGER), lines.join(''));
    await syncFolder(folder);
  }

  async function settle(job: MovedJob): ReturnType<Arrival['settle']> {
    state.assertWritable();
    const here = state.jobs.get(jobId);
    if (here !== undefined) return isSame(await readRecords(here), job.records) ? 'same' : 'different';
    await lay(job);
    const place = join(state.jobsDir, jobId);
    await rename(folder, place).catch((error) => {
      throw unreachable(place, error);
    });
    await syncFolder(state.jobsDir);
    const loaded = await loadJob(place, jobId, () => {}, 'look');
    if (loaded === undefined) throw new Error(`job ${jobId} was laid out without a ledger`);
    adopt(state, loaded);
    return 'written';
  }

  return {
    async add(entries) {
      const lines: string[] = [];
      for (const entry of entries) {
        if (entry.kind === 'event') continue; // the ledger holds them
        const { attempt, seq } = addressOf(entry);
        if (entry.whole !== undefined) await keepWhole(folder, `${attempt}-${seq}.json`, entry.whole);
        lines.push(
          formatMessageLine({ cursor: entry.cursor, attempt, seq }, { ...entry, kind: entry.kind, seq }),
        );
      }
      if (lines.length > 0) await messages.append(lines.join(''), { sync: false });
    },
    settle: (job) => state.serial.run(`job:${jobId}`, () => settle(job)),
    async drop() {
      await messages.close();
      await rm(folder, { recursive: true, force: true }).catch(() => {}); // the next start tries again
    },
  };
}

/** Where a message stands in its attempt, as it says itself; one that does not is read by its cursor alone. */
function addressOf({ data }: MovedEntry): { readonly attempt: number; readonly seq: number } {
  const [, attempt = 0, seq = 0] = /^\{"attempt":(\d{1,9}),"seq":(\d{1,9})[,}]/.exec(data) ?? [];
  return { attempt: Number(attempt), seq: Number(seq) };
}

async function keepWhole(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, 'whole');
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error) => {
    throw unreachable(path, error);
  });
  await writeDurably(join(path, name), text);
}

const isSame = (a: readonly LedgerRecord[], b: readonly LedgerRecord[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
