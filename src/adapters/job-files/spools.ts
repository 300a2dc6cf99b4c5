// Spools on disk: `spool-<attempt>.jsonl` in the job's private directory, one entry a line. Each append is synced,
// once for all entries that came together, so that neither a kill nor a loss of power takes what was put in.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Spool, SpoolName, Spools } from '../../ports/spool.js';
import type { TranscriptEntry } from '../../ports/transcript-log.js';
import { hasCode } from '../host/system-error.js';
import { entriesOf } from './entries-of.js';

/** What is forwarded at a time, about; an entry larger than that goes alone. */
const BATCH_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const NAME = /^spool-(\d+)\.jsonl$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for what outlives an attempt in the directory of its job. */
export const isSpool = (fileName: string): boolean => fileName.startsWith('spool-');

/** The spools in the job directories below `root`. */
export function createSpools(root: string): Spools {
  async function ofJob(jobId: string): Promise<readonly SpoolName[]> {
    const attempts = (await entriesOf(join(root, jobId))).map((name) => NAME.exec(name)?.[1]);
    return attempts
      .filter((attempt) => attempt !== undefined)
      .map((attempt) => ({ jobId, attempt: Number(attempt) }))
      .sort((a, b) => a.attempt - b.attempt);
  }
  return {
    open: ({ jobId, attempt }) => {
      if (!UUID.test(jobId)) throw new Error(`not a job id: ${jobId}`);
      return createSpool(join(root, jobId), attempt);
    },
    async left(jobId) {
      if (jobId !== undefined) return ofJob(jobId);
      const jobs = (await entriesOf(root)).filter((name) => UUID.test(name));
      return (await Promise.all(jobs.map(ofJob))).flat();
    },
  };
}

function createSpool(folder: string, attempt: number): Spool {
  const path = join(folder, `spool-${attempt}.jsonl`);
  let opening: Promise<FileHandle> | undefined;
  let length = 0;
  let passed = 0;
  let given = 0;

  /** The file, kept open: whoever else settles it by its name does not take it from us. */
  function opened(more: number): Promise<FileHandle> {
    opening ??= openFile(more);
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  }

  async function openFile(more: number): Promise<FileHandle> {
    const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | more, 0o600);
    length = await endOfLastLine(file);
    return file;
  }

  async function close(): Promise<void> {
    const closing = opening;
    opening = undefined;
    await (await closing?.catch(() => undefined))?.close();
  }

  return {
    get bytes() {
      return length;
    },
    get isWaiting() {
      return passed < length;
    },
    async append(entries) {
      const isNew = opening === undefined;
      if (isNew) await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await opened(constants.O_CREAT);
      const bytes = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      try {
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, length + done)).bytesWritten;
        }
        await file.datasync();
        if (isNew) await syncFolder(folder);
      } catch (error) {
        await file.truncate(length).catch(() => {}); // if not, the next entry is written over it
        throw error;
      }
      length += bytes.length;
    },
    async next() {
      if (opening === undefined && !(await exists(() => opened(0)))) return [];
      const lines = await readLines(await opened(0), passed, length);
      given = lines.length;
      return lines.toString('utf8').split('\n').slice(0, -1).map(parseEntry);
    },
    pass() {
      passed += given;
      given = 0;
    },
    async remove() {
      await close();
      await rm(path, { force: true });
    },
    async keepAsStale() {
      await close();
      await exists(() => rename(path, join(folder, `spool-${attempt}.stale.jsonl`)));
    },
    close,
  };
}

/** Whole lines from `from` on, a batch of them; at least one, however long. Empty at the end only. */
async function readLines(file: FileHandle, from: number, end: number): Promise<Buffer> {
  for (let size = BATCH_BYTES; from < end; size *= 2) {
    const buffer = Buffer.alloc(Math.min(size, end - from));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const lines = buffer.subarray(0, buffer.lastIndexOf(NEWLINE, bytesRead - 1) + 1);
    if (lines.length > 0) return lines;
    if (bytesRead < buffer.length || size >= end - from) throw new Error('the spool was cut or written over');
  }
  return Buffer.alloc(0);
}

/** A process that died while it wrote leaves half a line, which nobody was told of: it does not count. */
async function endOfLastLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const step = 64 * 1024;
  for (let end = size; end > 0; end -= step) {
    const from = Math.max(0, end - step);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
    const last = buffer.lastIndexOf(NEWLINE, bytesRead - 1);
    if (last >= 0) return from + last + 1;
  }
  return 0;
}

function parseEntry(line: string): TranscriptEntry {
  return JSON.parse(line);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** False when what is asked for is not there. */
async function exists(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
