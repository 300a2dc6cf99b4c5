// Lays a chain of profiles out as the configuration directory of one claude: files of the parents first, the child's
// over them.
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgenticoreError } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { Profile } from '../../domain/profile.js';
import type { Log } from '../../ports/log.js';
import type { MaterialisedProfile, MoreServers } from '../../ports/profile-store.js';
import { brokenProfile } from './broken.js';
import { type McpServers, mergeDeep, readJsonMap, readMcpServers } from './json-file.js';
import { makePrivateDirectory, writePrivateFile } from './private-files.js';
import type { ProfileFolder } from './profile-folder.js';
import type { ProfileFile } from './profile-tree.js';

const SETTINGS = '.claude/settings.json';
const MCP_FILE = 'mcp.json';

export interface LayoutOrder {
  readonly profile: Profile;
  readonly chain: readonly ProfileFolder[];
  readonly configDir: string;
  readonly servers: MoreServers;
  readonly log: Log;
}

/** Writes into `configDir` only. Throws BROKEN_PROFILE, or INVALID_REQUEST for a faulty `extraMcpFile`. */
export async function layOut(order: LayoutOrder): Promise<MaterialisedProfile> {
  const { profile, chain, configDir } = order;
  const files = new Map(chain.flatMap((folder) => [...folder.files]));
  const settings = await mergedSettings(profile.name, chain);
  const servers = await mergedServers(order);

  await mkdir(dirname(configDir), { recursive: true, mode: 0o700 });
  await makePrivateDirectory(configDir);
  await writeConfigDir(configDir, files, settings);
  const instructions = await textsOf(files);
  if (servers.size === 0) return { instructions };
  await writePrivateFile(configDir, MCP_FILE, mcpText(servers));
  return { instructions, mcpConfigPath: join(configDir, MCP_FILE) };
}

/** Writes the files below `.claude` into Claude's configuration directory; `settings` in place of their own. */
export async function writeConfigDir(
  configDir: string,
  files: ReadonlyMap<string, ProfileFile>,
  settings: JsonRecord | undefined,
): Promise<void> {
  for (const [relative, file] of files) {
    if (!relative.startsWith('.claude/') || relative === SETTINGS) continue;
    await writePrivateFile(
      configDir,
      relative.slice('.claude/'.length),
      await readFile(file.path),
      file.executable,
    );
  }
  if (settings !== undefined) await writePrivateFile(configDir, 'settings.json', asText(settings));
}

async function mergedSettings(
  name: string,
  chain: readonly ProfileFolder[],
): Promise<JsonRecord | undefined> {
  let merged: JsonRecord | undefined;
  for (const { files } of chain) {
    const file = files.get(SETTINGS);
    if (file === undefined) continue;
    const reading = await readJsonMap(file.path);
    if ('fault' in reading) throw brokenProfile(name, [reading.fault]);
    merged = mergeDeep(merged ?? {}, reading.value);
  }
  return merged;
}

async function mergedServers({ profile, chain, servers: more, log }: LayoutOrder): Promise<McpServers> {
  const { name, mcp } = profile;
  const { trustedRepository, extraMcpFile } = more;
  const servers = new Map(await repositoryServers(trustedRepository, log));
  for (const { files } of chain) {
    const file = files.get('.mcp.json');
    if (file === undefined) continue;
    const reading = await readMcpServers(file.path);
    if ('fault' in reading) throw brokenProfile(name, [reading.fault]);
    for (const [server, value] of reading.value) servers.set(server, value);
  }
  if (extraMcpFile !== undefined) {
    const reading = await readMcpServers(extraMcpFile);
    if ('fault' in reading) throw faultyRequest(reading.fault.path, reading.fault.message);
    for (const [server, value] of reading.value) servers.set(server, value);
  }
  return allowedServers(servers, mcp);
}

/** Claude is not told to read the repository's file itself: it would take all of its servers, whatever is allowed. */
async function repositoryServers(repository: string | undefined, log: Log): Promise<McpServers> {
  const file = repository && join(repository, '.mcp.json');
  if (file === undefined || !(await stat(file).catch(() => undefined))?.isFile()) return new Map();
  const reading = await readMcpServers(file);
  if ('value' in reading) return reading.value;
  log('profile.repository_servers_refused', { ...reading.fault }, 'warn');
  return new Map();
}

/** Those of the servers that a profile lets through. */
export function allowedServers(servers: McpServers, { allow, deny }: Profile['mcp']): McpServers {
  const isAllowed = (server: string): boolean =>
    (allow === undefined || allow.includes(server)) && !deny?.includes(server);
  return new Map([...servers].filter(([server]) => isAllowed(server)));
}

const faultyRequest = (path: string, message: string): AgenticoreError =>
  new AgenticoreError('INVALID_REQUEST', `file_path: ${path} ${message}.`, {
    details: [{ path: 'file_path', message }],
  });

/** What system.md and CLAUDE.md say, in that order. */
export async function textsOf(files: ReadonlyMap<string, ProfileFile>): Promise<string> {
  const present = ['system.md', 'CLAUDE.md'].flatMap((name) => files.get(name) ?? []);
  const texts = await Promise.all(present.map(({ path }) => readFile(path, 'utf8')));
  return texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n');
}

/** An MCP configuration as claude reads it. */
export const mcpText = (servers: McpServers): string => asText({ mcpServers: Object.fromEntries(servers) });

const asText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
