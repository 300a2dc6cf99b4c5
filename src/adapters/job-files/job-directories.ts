// A job's private directory on disk, and what of it outlives the attempt: Claude's session files, spools.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobDirectories, JobDirectory } from '../../ports/job-directories.js';
import { hasCode } from '../host/system-error.js';
import { isSpool } from './spools.js';

const PRIVATE = 0o700;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Job directories below `root` (`<home>/jobs`, or below the shared root). */
export function createJobDirectories(root: string): JobDirectories {
  const directoryOf = (jobId: string): JobDirectory => {
    if (!UUID.test(jobId)) throw new Error(`not a job id: ${jobId}`);
    const directory = join(root, jobId);
    return { root: directory, configDir: join(directory, 'claude'), emptyDir: join(directory, 'cwd') };
  };
  const tidy = async (jobId: string): Promise<void> => {
    const { root: directory, configDir } = directoryOf(jobId);
    await removeAllBut(directory, (name) => name === 'claude' || isSpool(name));
    await removeAllBut(configDir, (name) => name === 'projects');
  };
  return {
    tidy,
    async prepare(jobId) {
      await tidy(jobId);
      const directory = directoryOf(jobId);
      await mkdir(directory.configDir, { recursive: true, mode: PRIVATE });
      await mkdir(directory.emptyDir, { mode: PRIVATE });
      await mkdir(join(directory.root, 'home'), { mode: PRIVATE });
      await mkdir(join(directory.root, 'tmp'), { mode: PRIVATE });
      return directory;
    },
    remove: (jobId) => rm(directoryOf(jobId).root, { recursive: true, force: true }),
    findSession: (sessionId) => findSession(root, sessionId),
  };
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

async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}
