// The system's process table as far as the stop ladder needs it: who descends from whom, since when, and which
// attempt a process belongs to. From /proc; where there is none, from `ps`, which shows no environments, so that
// only descendants are found there.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type ProcessIdentity, TAG_VARIABLE } from './attempt-tag.js';

export interface ProcessEntry extends ProcessIdentity {
  readonly parent: number;
  readonly session: number;
}

const HAS_PROC = ((): boolean => {
  try {
    return readFileSync('/proc/self/stat').length > 0;
  } catch {
    return false;
  }
})();

/** Every living process; zombies are dead. */
export function listProcesses(): readonly ProcessEntry[] {
  if (!HAS_PROC) return listWithPs();
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readEntry(name) ?? []) : []));
}

/** The living process of this pid, undefined when there is none. */
export const findProcess = (pid: number): ProcessEntry | undefined =>
  HAS_PROC ? readEntry(String(pid)) : listWithPs().find((entry) => entry.pid === pid);

/** True when exactly this process still lives. */
export const isAlive = ({ pid, start }: ProcessIdentity): boolean => findProcess(pid)?.start === start;

/** The tag in a process's environment, undefined when it has none or it is not ours to read. */
export function readTag(pid: number): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const at = `\0${environment}`.indexOf(`\0${TAG_VARIABLE}=`);
    if (at === -1) return undefined;
    const start = at + TAG_VARIABLE.length + 1;
    const end = environment.indexOf('\0', start);
    return environment.slice(start, end === -1 ? undefined : end);
  } catch {
    return undefined;
  }
}

/** True when the pids in that process's environment mean the same as ours: it is in no other container. */
export function sharesPids(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync('/proc/self/ns/pid');
  } catch {
    return false;
  }
}

/** Sends a signal to exactly this process; false when it may not be signalled. One that is gone counts as done. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return true;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function readEntry(pid: string): ProcessEntry | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything, parentheses and spaces too; the fields start behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  if (state === 'Z' || state === 'X' || state === undefined) return undefined;
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    session: Number(fields[3]),
    start: Number(fields[19]),
  };
}

function listWithPs(): readonly ProcessEntry[] {
  const options = { encoding: 'utf8', env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' } } as const;
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,lstart='], options);
  return (stdout ?? '').split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null || match[3]?.startsWith('Z')) return [];
    // Sessions are not to be had everywhere; 0 belongs to nobody.
    return [
      { pid: Number(match[1]), parent: Number(match[2]), session: 0, start: Date.parse(match[4] ?? '') || 0 },
    ];
  });
}
