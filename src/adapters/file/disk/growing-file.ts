// A file that only grows, whole lines at a time: what could not be written whole is cut off again, so that what
// stands in it is always what was acknowledged.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isDiskFull } from '../../../domain/disk-full.js';
import { AgenticoreError, messageOf } from '../../../domain/errors.js';

export interface GrowingFile {
  readonly path: string;
  /** Length of what was written whole. */
  readonly length: number;
  /**
   * Writes text behind what stands there, with `sync` also to the disk. When that fails the file is as before, and
   * BUS_UNREACHABLE is thrown; when even the cut fails, every later append throws as well.
   */
  append(text: string, options: { readonly sync: boolean }): Promise<void>;
  /** Brings what was appended without `sync` to the disk. Throws BUS_UNREACHABLE. */
  sync(): Promise<void>;
  /** Gives the file handle back; the next append opens it again. Never fails. */
  close(): Promise<void>;
}

/** BUS_UNREACHABLE for a path and what the system said about it. */
export function unreachable(path: string, cause: unknown): AgenticoreError {
  const mend = isDiskFull(cause) ? '. Make room on that disk.' : '';
  const fact = `The file bus cannot use ${path}: ${messageOf(cause)}`;
  return new AgenticoreError('BUS_UNREACHABLE', `${fact}${mend}`, { cause });
}

/** The file at `path`, of which the first `length` bytes are good; it is made when the first line comes. */
export function createGrowingFile(path: string, goodLength: number): GrowingFile {
  let length = goodLength;
  let handle: FileHandle | undefined;
  let dirty = false;
  let broken: unknown;

  async function opened(): Promise<FileHandle> {
    if (handle !== undefined) return handle;
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = await file.stat();
      if (size < length) throw new Error(`it has ${size} bytes, but ${length} were written`);
      await file.truncate(length); // what a process that died in the middle of a line left behind
    } catch (error) {
      await file.close();
      throw error;
    }
    handle = file;
    return file;
  }

  async function cutBack(): Promise<void> {
    try {
      await handle?.truncate(length);
      await handle?.datasync();
    } catch (error) {
      broken = error;
    }
  }

  return {
    path,
    get length() {
      return length;
    },
    async append(text, { sync }) {
      if (broken !== undefined) throw unreachable(path, broken);
      const bytes = Buffer.from(text, 'utf8');
      try {
        const file = await opened();
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, length + done)).bytesWritten;
        }
        if (sync) await file.datasync();
      } catch (error) {
        await cutBack();
        throw unreachable(path, error);
      }
      length += bytes.length;
      dirty = !sync;
    },
    async sync() {
      if (!dirty) return;
      try {
        await handle?.datasync();
        dirty = false;
      } catch (error) {
        throw unreachable(path, error);
      }
    },
    async close() {
      const closing = handle;
      handle = undefined;
      await closing?.close().catch(() => {}); // what had to be safe has been synced
    },
  };
}
