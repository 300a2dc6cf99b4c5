// A hub: one folder or repository with many agents, `agents/<name>/package` each, and other names for them in
// `aliases.yaml`.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { messageOf } from '../../../domain/errors.js';
import { isRecord } from '../../../domain/json-record.js';
import type { FetchedPackage, PackageSource } from '../../../ports/package-source.js';
import { hasCode } from '../../host/system-error.js';
import { brokenPackage } from '../broken.js';
import { isProfileName } from '../profile-folder.js';
import { insideOf } from '../profile-tree.js';

const AGENTS = 'agents';
const PACKAGE = 'package';
const ALIASES = 'aliases.yaml';

/** The agent of that name, or that alias, in the hub that `hub` gives. Fetching throws BROKEN_PACKAGE when there is none. */
export function createHubSource(hub: PackageSource, agent: string): PackageSource {
  return {
    place: `${agent} of ${hub.place}`,
    async fetch(known, signal) {
      const fetched = await hub.fetch(known, signal);
      if (fetched === undefined) return undefined;
      try {
        return await pick(fetched, agent);
      } catch (error) {
        await fetched.close();
        throw error;
      }
    },
  };
}

/** Names of the agents in a hub's folder. */
export async function agentsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, AGENTS)).catch(() => []);
  const found = await Promise.all(
    names.filter(isProfileName).map(async (name) => ((await packageIn(directory, name)) ? [name] : [])),
  );
  return found.flat().sort();
}

/** The package of an agent of a hub that was fetched. */
export async function pick(hub: FetchedPackage, wanted: string): Promise<FetchedPackage> {
  const aliases = await readAliases(hub);
  const name = aliases.get(wanted) ?? wanted;
  const directory = isProfileName(name) ? await packageIn(hub.directory, name) : undefined;
  if (directory !== undefined) {
    const root = await realpath(hub.directory);
    const agentFile = await insideOf(root, join(root, AGENTS, name, 'agent.yml'));
    const beside = agentFile === undefined ? {} : { agentFile };
    return { ...hub, ...beside, directory, name, shownAs: join(AGENTS, name, PACKAGE) };
  }
  const known = await agentsIn(hub.directory);
  const others = [...aliases].map(([alias, of]) => `${alias} (${of})`);
  const alias = name === wanted ? '' : `, which ${ALIASES} says is ${JSON.stringify(name)}`;
  const path = '';
  const message = `the hub has no agent ${JSON.stringify(wanted)}${alias}; it has ${[...known, ...others].join(', ') || 'none'}`;
  throw brokenPackage(`of ${wanted}`, [{ path, message }]);
}

/** The folder of an agent's package, if there is one inside of the hub. */
async function packageIn(directory: string, name: string): Promise<string | undefined> {
  const root = await realpath(directory);
  const path = await insideOf(root, join(root, AGENTS, name, PACKAGE));
  return path !== undefined && (await stat(path)).isDirectory() ? path : undefined;
}

async function readAliases({ directory }: FetchedPackage): Promise<ReadonlyMap<string, string>> {
  const fault = (message: string): Error => brokenPackage('', [{ path: ALIASES, message }]);
  const root = await realpath(directory);
  const file = await insideOf(root, join(root, ALIASES));
  if (file === undefined) return new Map();
  let content: unknown;
  try {
    content = parse(await readFile(file, 'utf8')) ?? {};
  } catch (error) {
    if (hasCode(error, 'EISDIR')) throw fault('must be a file');
    throw fault(`is not valid YAML: ${messageOf(error).split('\n', 1)[0]}`);
  }
  const isMap = isRecord(content) && Object.values(content).every((name) => typeof name === 'string');
  if (!isMap) throw fault('must be a map of other names to names of agents');
  return new Map(Object.entries(content as Record<string, string>));
}
