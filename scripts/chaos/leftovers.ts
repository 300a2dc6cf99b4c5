// What must be gone when all jobs have ended: processes of attempts, their worktrees, and the locks of the dead.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TAG_VARIABLE } from '../../src/adapters/host/attempt/attempt-tag.js';
import { findProcess } from '../../src/adapters/host/process-table.js';
import type { Fleet } from './fleet.js';

const YOUNG_MS = 60_000;

/** Processes that work for the fleet below `folder` although nobody who lives answers for them. */
export function survivors(folder: string, fleet: Fleet): readonly string[] {
  const members = [fleet.ingress, fleet.gateway, ...fleet.workers];
  const current = new Set(members.map((member) => member.pid()));
  const ever = new Set(members.flatMap(({ pids }) => [...pids]));
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!/^\d+$/.test(name) || pid === process.pid || current.has(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A process that has just ended has no command line any more.
      if (command === '' || command.includes('redis-server')) return [];
      const guarded = /guard-process\.js (\d+)\./.exec(command)?.[1];
      if (guarded !== undefined)
        return ever.has(Number(guarded)) && findProcess(Number(guarded)) === undefined
          ? [`${pid} ${command}`]
          : [];
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const isOurs = environment.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      const tag = environment.split('\0').find((line) => line.startsWith(`${TAG_VARIABLE}=`)) ?? '';
      return isOurs ? [`${pid} ${command} ${tag}`] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** Worktrees, their records, half-made folders and lock files below the folders of the hosts. */
export function debris(hosts: readonly string[]): readonly string[] {
  return hosts.flatMap((host) => {
    const worktrees = namesIn(join(host, 'worktrees')).map((name) => join(host, 'worktrees', name));
    const repositories = namesIn(join(host, 'repos')).filter((name) => !name.startsWith('.'));
    return [...worktrees, ...repositories.flatMap((key) => debrisOfRepository(join(host, 'repos', key)))];
  });
}

function debrisOfRepository(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries
    .filter(
      (path) =>
        /(^|\.)lock(\.[0-9a-f]{8})?$|\.aside$/.test(path) || /^(workspaces|staging)\/[^/]+$/.test(path),
    )
    .map((path) => join(folder, path))
    .filter((path) => !/\.aside$|lock\.[0-9a-f]{8}$/.test(path) || isOld(path));
}

/** A file may be written just now: the sweep leaves what is younger than this. */
const isOld = (path: string): boolean => {
  const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return Date.now() - mtimeMs > YOUNG_MS;
};

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
