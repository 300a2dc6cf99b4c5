// Who holds a lock or owns a worktree: a process, told apart from a later one that got the same number.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { findProcess } from '../host/process-table.js';
import { hasCode } from '../host/system-error.js';

export interface ProcessIdentity {
  /** Host and pid namespace: the place where `pid` means something. */
  readonly host: string;
  readonly pid: number;
  /** When it started, in a form that survives no reboot; empty where the system does not say. */
  readonly start: string;
}

/** `unknown`: it lives, or lived, where we cannot look. */
export type Life = 'alive' | 'gone' | 'unknown';

const HERE = `${hostname()}/${read(() => readlinkSync('/proc/self/ns/pid')) ?? ''}`;
const BOOT = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '';

/** This process. */
export const OWN_IDENTITY: ProcessIdentity = {
  host: HERE,
  pid: process.pid,
  start: startOf(process.pid) ?? '',
};

export function lifeOf({ host, pid, start }: ProcessIdentity): Life {
  if (host !== HERE) return 'unknown';
  if (BOOT !== '') return startOf(pid) === start ? 'alive' : 'gone';
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return hasCode(error, 'EPERM') ? 'alive' : 'gone';
  }
}

/** Start time of a living process; undefined when there is none, or where boots cannot be told apart. */
function startOf(pid: number): string | undefined {
  const found = BOOT === '' ? undefined : findProcess(pid);
  return found === undefined ? undefined : `${BOOT}.${found.start}`;
}

function read(from: () => string): string | undefined {
  try {
    return from();
  } catch {
    return undefined;
  }
}
