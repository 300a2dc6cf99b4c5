// A fetch that found no room: git leaves what it had received until then, and with that on the disk nobody could begin
// anything here any more.
import { rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import { isUnused, type Mirror, removeUnfinished } from './mirror.js';

/**
 * Takes away what the fetch has left, unless somebody works in the mirror whose files they may be, and gives the error
 * with the room that there is. Call it while holding the mirror's lock.
 */
export async function clearAfterFetch(mirror: Mirror, error: AgenticoreError): Promise<AgenticoreError> {
  await rm(join(mirror.stagingDir, 'heal'), { recursive: true, force: true });
  if (await isUnused(mirror)) await removeUnfinished(mirror, Number.NEGATIVE_INFINITY);
  if (/quota/i.test(error.message)) return error; // what the disk has is not what we may have of it
  const { bavail, bsize } = await statfs(dirname(mirror.gitDir));
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  const sentence = `This repository takes more than the ${free} MiB that are free for it.`;
  return new AgenticoreError(error.code, `${error.message} ${sentence}`, { cause: error });
}
