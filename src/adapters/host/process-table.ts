// The system's process table as far as locks and stop ladders need it: who lives, since when, who descends from whom,
// and what a process carries in its environment. From /proc; where there is none, from `ps`, which shows no
// environments, so that only descendants are found there.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasCode } from './system-error.js';

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the clock of the system's process table. */
  readonly start: number;
}

export interface ProcessEntry extends ProcessIdentity {
  readonly parent: number;
  readonly session: number;
  /** Whether somebody may sit in front of it. */
  readonly hasTerminal: boolean;
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

/** A variable of a process's environment, undefined when it has none or it is not ours to read. */
export function readVariable(pid: number, name: string): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    const at = `\0${environment}`.indexOf(`\0${name}=`);
    if (at === -1) return undefined;
    const start = at + name.length + 1;
    const end = environment.indexOf('\0', start);
    return environment.slice(start, end === -1 ? undefined : end);
  } catch {
    return undefined;
  }
}

/** How much memory a process holds, bytes; undefined where the system does not tell, or it is gone. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Boot and pid namespace, within which alone a pid means something; undefined where the system does not tell. */
export function pidSpace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Where a process works, undefined when that is not ours to see. */
export function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Whoever takes over processes that lose their parent: the first process, or one that we descend from ourselves. */
export function adopters(processes: readonly ProcessEntry[]): ReadonlySet<number> {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const found = new Set([1]);
  for (let pid = parents.get(process.pid); pid !== undefined && !found.has(pid); pid = parents.get(pid))
    found.add(pid);
  return found;
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
    return hasCode(error, 'ESRCH');
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
    hasTerminal: fields[4] !== '0',
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
      {
        pid: Number(match[1]),
        parent: Number(match[2]),
        session: 0,
        hasTerminal: true,
        start: Date.parse(match[4] ?? '') || 0,
      },
    ];
  });
}
