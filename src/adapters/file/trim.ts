// Forgetting what was said in an ended job: first the mark, to the disk; what the mark stands for goes after it.
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cut } from '../../ports/custody.js';
import { unreachable } from './disk/growing-file.js';
import { MESSAGES, messagesOf, TRIMMED } from './disk/kept-job.js';
import { syncFolder, writeDurably } from './disk/write-durably.js';
import type { BusState } from './memory/bus-state.js';

/** Custody.trim. A trim that a sudden end cut short is complete for readers, and is tidied up by the next one. */
export async function trim(state: BusState, jobId: string, { version, mark }: Cut): Promise<boolean> {
  state.assertWritable();
  const job = state.jobs.get(jobId);
  if (job === undefined || job.stored.job.version !== version) return false;
  const messages = await messagesOf(job);
  if (messages.trimmed === undefined) {
    // Under its name only when it is complete: half a mark could not be read.
    await writeDurably(join(job.folder, `${TRIMMED}.part`), JSON.stringify(mark));
    await rename(join(job.folder, `${TRIMMED}.part`), join(job.folder, TRIMMED)).catch((error) => {
      throw unreachable(job.folder, error);
    });
    await syncFolder(job.folder);
  }
  await messages.file.close();
  job.messages = undefined;
  state.bells.ring({ kind: 'job', jobId });
  for (const name of [MESSAGES, 'whole']) {
    await rm(join(job.folder, name), { recursive: true, force: true }).catch((error) => {
      throw unreachable(job.folder, error);
    });
  }
  return messages.trimmed === undefined;
}
