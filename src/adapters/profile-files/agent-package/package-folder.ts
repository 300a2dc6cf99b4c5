// An agent's package as its folder holds it, looked at whole: nothing of it is used while anything of it is wrong.
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ErrorDetail } from '../../../domain/errors.js';
import type { JsonRecord } from '../../../domain/json-record.js';
import { mergeProfiles, type Profile } from '../../../domain/profile.js';
import type { FetchedPackage } from '../../../ports/package-source.js';
import { brokenPackage } from '../broken.js';
import { type McpServers, readJsonMap, readMcpServers } from '../json-file.js';
import { allowedServers, textsOf } from '../materialise.js';
import { isProfileName, jsonFaults } from '../profile-folder.js';
import { type ProfileFile, profileTree } from '../profile-tree.js';
import { type PackageChecks, readDocuments } from './package-documents.js';
import { faultsOfParts } from './package-faults.js';

export interface PackageFolder {
  readonly name: string;
  readonly description: string;
  /** Models that callers may choose; undefined: the usual ones. */
  readonly models: readonly string[] | undefined;
  /** How Claude runs, as the files say. */
  readonly profile: Profile;
  /** Keys of profile.yml that mean nothing without a repository. */
  readonly unused: readonly string[];
  /** Every file, by path relative to the folder. */
  readonly files: ReadonlyMap<string, ProfileFile>;
  readonly settings: JsonRecord | undefined;
  /** The MCP servers that it has and allows itself. */
  readonly servers: McpServers;
  /** What system.md and CLAUDE.md say. */
  readonly instructions: string;
  /** Slash commands and skills, without the slash. */
  readonly commands: readonly string[];
  /** Start-up scripts in the order in which they run: paths relative to the folder. */
  readonly runners: readonly string[];
}

/** Where its folder is; see FetchedPackage. */
export type PackagePlace = Pick<FetchedPackage, 'directory' | 'shownAs' | 'name' | 'agentFile'>;

const MAX_FILES = 20_000;
/** What git keeps for itself is no part of an agent. */
const NOT_COPIED = new Set(['.git']);
const DEFAULT_NAME = 'agent';

/** Reads and checks all of a package. Throws BROKEN_PACKAGE with every fault. */
export async function readPackage(place: PackagePlace, checks: PackageChecks): Promise<PackageFolder> {
  const folder = await realpath(place.directory).catch(() => place.directory);
  const broken = (faults: readonly ErrorDetail[]): Error =>
    brokenPackage(
      place.shownAs,
      faults.map((fault) => shown(fault, folder, place)),
    );
  const entries = await readdir(folder).catch(() => undefined);
  if (entries === undefined) throw broken([{ path: folder, message: 'is no folder that can be read' }]);
  const parts = entries.filter((name) => !NOT_COPIED.has(name)).sort();
  const tree = await profileTree(folder, { what: 'package', parts, maxFiles: MAX_FILES });
  const documents = await readDocuments(folder, checks, place.agentFile);
  const faults = [
    ...documents.faults,
    ...tree.faults,
    ...(await jsonFaults(tree.files)),
    ...faultsOfParts(folder, parts, tree.files),
  ];
  const { agent, profile: document } = documents;
  const name = document.name ?? agent.name ?? usableName(place.name);
  if (!isProfileName(name)) faults.push({ path: join(folder, 'profile.yml'), message: BAD_NAME });
  const servers = await serversOf(tree.files);
  faults.push(...faultsOfMcp(join(folder, 'profile.yml'), document.mcp ?? {}, [...servers.keys()]));
  if (faults.length > 0) throw broken(faults);
  const paths = [...tree.files.keys()];
  const profile = mergeProfiles(name, [{ claude: agent.claude ?? {} }, document]);
  return {
    name,
    description: document.description ?? agent.description ?? '',
    models: agent.models ?? undefined,
    profile,
    unused: documents.unused,
    files: tree.files,
    settings: await settingsOf(tree.files),
    servers: allowedServers(servers, profile.mcp),
    instructions: await textsOf(tree.files),
    commands: commandsOf(paths),
    runners: paths.filter((path) => /^runners\/[^/]+$/.test(path)).sort(),
  };
}

/** Commands and skills by the names that people type behind the slash. */
function commandsOf(paths: readonly string[]): readonly string[] {
  const patterns = [/^\.claude\/commands\/([^/]+)\.md$/, /^\.claude\/skills\/([^/]+)\/SKILL\.md$/];
  const names = paths.flatMap((path) => patterns.flatMap((pattern) => pattern.exec(path)?.[1] ?? []));
  return [...new Set(names)].sort();
}

const BAD_NAME =
  'must give a name of lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit';

/** A repository or folder may be called anything; then the agent has no name of its own. */
function usableName(name: string | undefined): string {
  const lower = name?.toLowerCase();
  return lower !== undefined && lower !== 'package' && isProfileName(lower) ? lower : DEFAULT_NAME;
}

/** People know their own folder, not the copy that was fetched of it. */
function shown(
  { path, message }: ErrorDetail,
  folder: string,
  { directory, shownAs, agentFile }: PackagePlace,
): ErrorDetail {
  if (agentFile !== undefined && path.startsWith(agentFile))
    return { path: join(dirname(shownAs), 'agent.yml') + path.slice(agentFile.length), message };
  for (const prefix of [folder, directory]) {
    if (path === prefix) return { path: shownAs, message };
    if (path.startsWith(`${prefix}/`)) return { path: join(shownAs, path.slice(prefix.length + 1)), message };
  }
  return { path, message };
}

async function serversOf(files: ReadonlyMap<string, ProfileFile>): Promise<McpServers> {
  const file = files.get('.mcp.json');
  const reading = file === undefined ? undefined : await readMcpServers(file.path);
  return reading !== undefined && 'value' in reading ? reading.value : new Map();
}

async function settingsOf(files: ReadonlyMap<string, ProfileFile>): Promise<JsonRecord | undefined> {
  const file = files.get('.claude/settings.json');
  const reading = file === undefined ? undefined : await readJsonMap(file.path);
  return reading !== undefined && 'value' in reading ? reading.value : undefined;
}

/** A misspelt name would let a server through, or keep all of them away. */
function faultsOfMcp(
  file: string,
  { allow, deny }: { readonly allow?: readonly string[] | null; readonly deny?: readonly string[] | null },
  known: readonly string[],
): readonly ErrorDetail[] {
  const lists = Object.entries({ allow: allow ?? [], deny: deny ?? [] });
  return lists.flatMap(([key, names]) =>
    names
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: `${file}: mcp.${key}`,
        message: `names ${JSON.stringify(name)}, which .mcp.json does not have; it has ${known.join(', ') || 'none'}`,
      })),
  );
}
