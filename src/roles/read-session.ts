// Where Claude's session files are on this disk: in the job's own directory, or for turns in the agent's.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadSession } from '../app/admin/check-sessions.js';
import type { Config } from '../runtime/config/config.js';
import { agentsDir } from './open-package.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads session files of this configuration's jobs and agents. Throws what reading one that is there throws. */
export function sessionReader(config: Config): ReadSession {
  return async (jobId, sessionId) => {
    if (!UUID.test(jobId) || !UUID.test(sessionId)) return undefined;
    const path =
      (await findBelow(join(config.repos.jobsDir, jobId, 'claude', 'projects'), sessionId)) ??
      (await findAmongAgents(agentsDir(config), sessionId));
    return path === undefined ? undefined : readFile(path, 'utf8');
  };
}

/** `<agents>/<name>/<version>/claude/projects/<directory>/<session>.jsonl` */
async function findAmongAgents(root: string, sessionId: string): Promise<string | undefined> {
  for (const agent of await entriesOf(root)) {
    for (const version of await entriesOf(join(root, agent))) {
      const found = await findBelow(join(root, agent, version, 'claude', 'projects'), sessionId);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

async function findBelow(projects: string, sessionId: string): Promise<string | undefined> {
  const name = `${sessionId}.jsonl`;
  for (const project of await entriesOf(projects)) {
    if ((await entriesOf(join(projects, project))).includes(name)) return join(projects, project, name);
  }
  return undefined;
}

/** Most of these places are nobody's, or no directories. */
const entriesOf = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []);
