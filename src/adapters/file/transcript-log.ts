// The transcripts on disk: lines in order, large messages in files of their own. Not fsynced one by one; the
// transition that seals a transcript brings it to the disk first.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { TranscriptEntry, TranscriptLog } from '../../ports/transcript-log.js';
import { hasCode } from '../host/system-error.js';
import { unreachable } from './disk/growing-file.js';
import { type KeptJob, messagesOf } from './disk/kept-job.js';
import { formatMessageLine } from './disk/message-file.js';
import type { BusState } from './memory/bus-state.js';

const wholePath = (job: KeptJob, attempt: number, seq: number): string =>
  join(job.folder, 'whole', `${attempt}-${seq}.json`);

/** The transcript log over the jobs of `state`. */
export function createTranscriptLog(state: BusState): TranscriptLog {
  async function append(
    jobId: string,
    attempt: number,
    entries: readonly TranscriptEntry[],
  ): Promise<'appended' | 'stale'> {
    state.assertWritable();
    const job = state.jobs.get(jobId);
    const view = job?.stored.job;
    if (job === undefined || view?.status !== 'running' || view.attempt !== attempt) return 'stale';
    const messages = await messagesOf(job);
    const fresh = newEntries(entries, messages.last?.attempt === attempt ? messages.last.seq : 0);
    if (fresh.length === 0) return 'appended';

    for (const { seq, whole } of fresh)
      if (whole !== undefined) await keepWhole(wholePath(job, attempt, seq), whole);
    const placed = fresh.map((entry) => ({
      place: { cursor: state.cursors.next(), attempt, seq: entry.seq },
      entry,
    }));
    const lines = placed.map(({ place, entry }) => formatMessageLine(place, entry));
    await messages.file.append(lines.join(''), { sync: false });
    messages.last = placed.at(-1)?.place;
    state.bells.ring({ kind: 'job', jobId });
    return 'appended';
  }

  return {
    append: (jobId, attempt, entries) =>
      state.serial.run(`job:${jobId}`, () => append(jobId, attempt, entries)),
    async whole(jobId, attempt, seq) {
      const job = state.jobs.get(jobId);
      if (job === undefined) return undefined;
      try {
        return await readFile(wholePath(job, attempt, seq), 'utf8');
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw unreachable(job.folder, error);
      }
    },
  };
}

/** Those behind `last`, without a gap. Anything else is a bug of the caller. */
function newEntries(entries: readonly TranscriptEntry[], last: number): TranscriptEntry[] {
  const fresh = entries.filter(({ seq }) => seq > last);
  for (const [index, { seq, data }] of fresh.entries()) {
    if (seq !== last + 1 + index)
      throw new Error(`message ${seq} of the transcript came after ${last + index}`);
    if (data.includes('\n')) throw new Error(`message ${seq} of the transcript is more than one line`);
  }
  return fresh;
}

/** Under its name only when it is complete. */
async function keepWhole(path: string, text: string): Promise<void> {
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const file = await open(`${path}.part`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
  } catch (error) {
    throw unreachable(path, error);
  }
}
