// The packages of agents, looked at without serving them: for the command line and for doctor. Nothing of them is run,
// and nothing of them stays on this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { agentsIn, pick } from '../adapters/profile-files/agent-package/agent-hub.js';
import {
  type PackageFolder,
  type PackagePlace,
  readPackage,
} from '../adapters/profile-files/agent-package/package-folder.js';
import { AgenticoreError } from '../domain/errors.js';
import type { FetchedPackage, PackageSource } from '../ports/package-source.js';
import type { Config } from '../runtime/config/config.js';
import { loadConfig } from '../runtime/config/load-config.js';
import type { PackageRow, PackageVerdict } from '../surfaces/cli/cli-context.js';
import { openCredentials } from './open-credentials.js';
import { bundledSource, hubSource, packageChecks, packageSource } from './open-package.js';

/** The bundled package, then the configured one or those of the hub; what cannot be used has its error. */
export async function listPackages(): Promise<readonly PackageRow[]> {
  const { config } = loadConfig();
  const credentials = openCredentials(config);
  const rows = await rowsFrom(bundledSource, async (bundled) => [bundled]);
  const others = await inScratch(async (scratchDir) => {
    if (config.agentihub.url !== undefined)
      return rowsFrom((scratch) => hubSource(config, credentials, scratch), agentsOf, scratchDir);
    return rowsFrom(
      (scratch) => packageSource(config, credentials, scratch),
      async (found) => [found],
      scratchDir,
    );
  });
  return [...rows, ...others.filter(({ source }) => rows.every((row) => row.source !== source))];
}

/** The agent that this configuration would serve. Throws BROKEN_PACKAGE, and what fetching it throws. */
export const configuredPackage = (config: Config): Promise<PackageFolder> =>
  inScratch((scratchDir) =>
    fetchFor(packageSource(config, openCredentials(config), scratchDir), (found) =>
      readPackage(found, packageChecks()),
    ),
  );

/** Everything that is wrong with the package in a folder. */
export async function checkPackage(directory: string): Promise<PackageVerdict> {
  const path = resolve(directory);
  const place: PackagePlace = { directory: path, shownAs: directory, name: basename(path) };
  try {
    const { name, description, profile, servers, commands, runners, unused } = await readPackage(
      place,
      packageChecks(),
    );
    return {
      valid: true,
      name,
      description,
      model: profile.claude.model ?? '',
      mcpServers: [...servers.keys()],
      commands,
      runners,
      unusedKeys: unused,
    };
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    return { valid: false, faults: error.details };
  }
}

/** One row for each package that `choose` finds in what the source has; one with the error when it cannot be had. */
async function rowsFrom(
  open: (scratchDir: string) => PackageSource,
  choose: (found: FetchedPackage) => Promise<readonly FetchedPackage[]>,
  scratchDir = '',
): Promise<readonly PackageRow[]> {
  let place = '';
  try {
    const source = open(scratchDir);
    place = source.place;
    return await fetchFor(source, async (found) =>
      Promise.all((await choose(found)).map((one) => rowOf(one, place))),
    );
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    return [{ name: '-', description: '', model: '', source: place, error: error.message }];
  }
}

async function rowOf(found: FetchedPackage, source: string): Promise<PackageRow> {
  try {
    const { name, description, profile } = await readPackage(found, packageChecks());
    return { name, description, model: profile.claude.model ?? '', source };
  } catch (error) {
    if (!(error instanceof AgenticoreError)) throw error;
    return { name: found.name ?? '-', description: '', model: '', source, error: error.message };
  }
}

async function agentsOf(hub: FetchedPackage): Promise<readonly FetchedPackage[]> {
  const names = await agentsIn(hub.directory);
  return Promise.all(names.map((name) => pick(hub, name)));
}

async function fetchFor<T>(source: PackageSource, work: (found: FetchedPackage) => Promise<T>): Promise<T> {
  const found = await source.fetch(undefined, new AbortController().signal);
  if (found === undefined) throw new Error(`${source.place} gave nothing`);
  try {
    return await work(found);
  } finally {
    await found.close();
  }
}

async function inScratch<T>(work: (scratchDir: string) => Promise<T>): Promise<T> {
  const scratchDir = await mkdtemp(join(tmpdir(), 'agenticore-packages-'));
  try {
    return await work(scratchDir);
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}
