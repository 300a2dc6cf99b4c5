// A small disk that a test can fill: a tmpfs, which takes root and leave to mount.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Leaves no byte free. */
  fill(): void;
  /** Makes room again. */
  free(): void;
  /** Whatever lies on it goes. */
  remove(): void;
}

const mount = (path: string, size: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' }).status === 0;

function unmount(path: string): void {
  execFileSync('umount', ['--lazy', path]);
  rmSync(path, { recursive: true }); // somebody may have written below the mount
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), 'agenticore-disk-'));
  const done = mount(path, '1m');
  if (done) unmount(path);
  else rmdirSync(path);
  return done;
}

/** Options for tests that fill a disk: skipped where none can be had. */
export const needsSmallDisk = canMount() ? {} : { skip: 'a disk to fill takes root and leave to mount' };

/** A new one; `size` as mount takes it. */
export function mountSmallDisk(size = '64m'): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'agenticore-disk-'));
  if (!mount(path, size)) throw new Error('no tmpfs could be mounted');
  const filler = join(path, '.filler');
  return {
    path,
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
    remove: () => unmount(path),
  };
}

/** Ever smaller pieces, down to the last byte. */
function fillUp(path: string): void {
  const file = openSync(path, 'a');
  try {
    const piece = Buffer.alloc(64 * 1024);
    for (let size = piece.length; size >= 1; ) {
      try {
        writeSync(file, piece, 0, size);
      } catch {
        size = Math.floor(size / 16);
      }
    }
  } finally {
    closeSync(file);
  }
}
