// Who belongs to an attempt: claude, everything it started, and whatever of it has run away. A tool call runs in its
// own session and its children may change theirs; the tag they inherit and what was seen earlier find them again, and
// so does the place they work in. (Only a process that drops its environment, leaves its session, its folder and its
// parent between two looks escapes.)
import {
  adopters,
  listProcesses,
  type ProcessEntry,
  type ProcessIdentity,
  readVariable,
  workingDirectory,
} from '../process-table.js';
import { TAG_VARIABLE } from './attempt-tag.js';

export interface Census {
  /** Looks now; returns the living members. Remembers them, so that orphans are known later. */
  take(): readonly ProcessEntry[];
}

export interface CensusOptions {
  /** Processes that are members for sure, with all that descends from them. */
  readonly roots: readonly ProcessIdentity[];
  /** Whether a tag found in a process's environment makes it a member. */
  readonly owns: (tag: string, pid: number) => boolean;
  /** No member started before this (as in ProcessIdentity.start): spares a look at everything else on the host. */
  readonly since?: number;
  /** Folders, as the system names them, that belong to the attempt: what was left behind in one is a member. */
  readonly workplaces?: readonly string[];
  /** Who lives; the host's process table when left out. */
  readonly processes?: () => readonly ProcessEntry[];
}

/** A census of the roots, their descendants, their sessions, and every process whose tag is owned. */
export function createCensus({
  roots,
  owns,
  since = 0,
  workplaces = [],
  processes = listProcesses,
}: CensusOptions): Census {
  const known = new Map<number, number>(roots.map(({ pid, start }) => [pid, start]));
  const sessions = new Set<number>();

  /** A session is known by its leader's pid. When all who were in it have gone, that pid is given to somebody else. */
  function forgetSessions(all: readonly ProcessEntry[]): void {
    const living = new Set(all.map(({ session }) => session));
    for (const session of sessions) if (!living.has(session)) sessions.delete(session);
    for (const { pid, start } of all) if (known.get(pid) !== start) sessions.delete(pid);
  }

  function take(): readonly ProcessEntry[] {
    const all = processes();
    forgetSessions(all);
    const candidates = all.filter(({ pid, start }) => pid !== process.pid && start >= since);
    const members = new Map<number, ProcessEntry>();
    const admit = (entry: ProcessEntry): void => {
      members.set(entry.pid, entry);
      known.set(entry.pid, entry.start);
      // Only a session that a member leads: any other may be the terminal of somebody who has nothing to do with it.
      if (entry.session === entry.pid) sessions.add(entry.session);
    };
    const adopting = workplaces.length > 0 ? adopters(all) : new Set<number>();
    // One with a terminal, or with a parent of its own, is somebody who has come to look.
    const isLeftBehind = ({ pid, parent, hasTerminal }: ProcessEntry): boolean =>
      !hasTerminal && adopting.has(parent) && isWithin(workplaces, workingDirectory(pid));
    for (const entry of candidates) {
      const tag = known.get(entry.pid) === entry.start ? '' : readVariable(entry.pid, TAG_VARIABLE);
      if (tag === '' || (tag !== undefined && owns(tag, entry.pid))) admit(entry);
      else if (tag === undefined && isLeftBehind(entry)) admit(entry);
    }
    for (let before = -1; before !== members.size; ) {
      before = members.size;
      for (const entry of candidates)
        if (!members.has(entry.pid) && (members.has(entry.parent) || sessions.has(entry.session)))
          admit(entry);
    }
    return [...members.values()];
  }

  return { take };
}

/** A folder that was removed is still named, with ` (deleted)` behind it. */
const isWithin = (folders: readonly string[], place: string | undefined): boolean =>
  folders.some(
    (folder) => place === folder || place?.startsWith(`${folder}/`) || place === `${folder} (deleted)`,
  );
