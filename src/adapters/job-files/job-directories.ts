// A job's private directory on disk, and what of it outlives the attempt: Claude's session files, spools.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import type { JobDirectories, JobDirectory } from '../../ports/job-directories.js';
import { entriesOf } from './entries-of.js';
import { isSpool } from './spools.js';

const PRIVATE = 0o700;
/** Names the attempt whose directory this is: one that was overtaken on the same host must not empty it any more. */
const OWNER = 'attempt';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Job directories below `root` (`<home>/jobs`, or below the shared root). */
export function createJobDirectories(root: string): JobDirectories {
  const directoryOf = (jobId: string): JobDirectory => {
    if (!UUID.test(jobId)) throw new Error(`not a job id: ${jobId}`);
    const directory = join(root, jobId);
    return { root: directory, configDir: join(directory, 'claude'), emptyDir: join(directory, 'cwd') };
  };
  const empty = async ({ root: directory, configDir }: JobDirectory, ...kept: string[]): Promise<void> => {
    await removeAllBut(directory, (name) => name === 'claude' || kept.includes(name) || isSpool(name));
    await removeAllBut(configDir, (name) => name === 'projects');
  };
  return {
    async tidy(jobId, attempt) {
      const directory = directoryOf(jobId);
      if ((await ownerOf(directory)) <= attempt) await empty(directory);
    },
    async prepare(jobId, attempt) {
      const directory = directoryOf(jobId);
      if ((await ownerOf(directory)) > attempt) throw new AgenticoreError('STALE_ATTEMPT');
      await mkdir(directory.root, { recursive: true, mode: PRIVATE });
      await writeFile(join(directory.root, OWNER), String(attempt), { mode: 0o600 });
      await empty(directory, OWNER);
      // An earlier attempt that was overtaken at this moment may be making them too.
      const folders = [
        directory.configDir,
        directory.emptyDir,
        join(directory.root, 'home'),
        join(directory.root, 'tmp'),
      ];
      for (const folder of folders) await mkdir(folder, { recursive: true, mode: PRIVATE });
      return directory;
    },
    remove: (jobId) => rm(directoryOf(jobId).root, { recursive: true, force: true }),
    async untouched(before) {
      const found: string[] = [];
      for (const jobId of await entriesOf(root)) {
        if (!UUID.test(jobId)) continue;
        const facts = await stat(join(root, jobId)).catch(() => undefined);
        if (facts !== undefined && facts.mtimeMs < before) found.push(jobId);
      }
      return found;
    },
    findSession: (sessionId) => findSession(root, sessionId),
  };
}

/** The number of the attempt, 0 when it is nobody's. */
async function ownerOf({ root }: JobDirectory): Promise<number> {
  const text = await readFile(join(root, OWNER), 'utf8').catch(() => '');
  return Number(text) || 0;
}

async function removeAllBut(directory: string, isKept: (name: string) => boolean): Promise<void> {
  for (const name of await entriesOf(directory)) {
    if (!isKept(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** The newest `<root>/<job>/claude/projects/<cwd>/<session>.jsonl`: a resumed session has one in each job it passed. */
async function findSession(root: string, sessionId: string): Promise<string | undefined> {
  if (!UUID.test(sessionId)) return undefined;
  let newest: { path: string; mtimeMs: number } | undefined;
  for (const jobId of await entriesOf(root)) {
    const projects = join(root, jobId, 'claude', 'projects');
    for (const project of await entriesOf(projects)) {
      const path = join(projects, project, `${sessionId}.jsonl`);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() && (newest === undefined || found.mtimeMs > newest.mtimeMs)) {
        newest = { path, mtimeMs: found.mtimeMs };
      }
    }
  }
  return newest?.path;
}
