// What an attempt has done must not be lost to a full disk: where the work is there already, it waits for room.
import { isCode, messageOf } from '../../domain/errors.js';
import type { Attempt, AttemptDeps } from './attempt.js';

const ROOM_RETRY_MS = 2000;

/**
 * Repeats an operation until the disk takes it. Throws DISK_FULL when the attempt is to stop first: what is in the
 * worktree is kept then as far as it can be.
 */
export async function untilRoom<T>(
  { clock, log }: Pick<AttemptDeps, 'clock' | 'log'>,
  { job, number, signal }: Pick<Attempt, 'job' | 'number' | 'signal'>,
  operation: () => Promise<T>,
): Promise<T> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await operation();
    } catch (error) {
      if (!isCode(error, 'DISK_FULL') || signal.aborted) throw error;
      if (isFirst)
        log('attempt.waits_for_room', { job_id: job.id, attempt: number, error: messageOf(error) }, 'warn');
      await clock.sleep(ROOM_RETRY_MS, signal);
    }
  }
}
