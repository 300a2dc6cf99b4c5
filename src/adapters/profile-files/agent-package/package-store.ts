// The package that an agent is just now, and those before it that turns still run with. A newer one is fetched, checked,
// laid out and started beside the old one; only then does it take its place.
import { join } from 'node:path';
import { asDiskFull } from '../../../domain/disk-full.js';
import { isCode, messageOf } from '../../../domain/errors.js';
import type { Clock } from '../../../ports/clock.js';
import type { Log } from '../../../ports/log.js';
import type { FetchedPackage, PackageSource } from '../../../ports/package-source.js';
import type { AgentPackage, PackageStore } from '../../../ports/packages.js';
import type { McpServers } from '../json-file.js';
import { mcpText } from '../materialise.js';
import { writePrivateFile } from '../private-files.js';
import { describeAgent, type PackageSettings, settingsFrom } from './describe-agent.js';
import { forgetSessions } from './forget-sessions.js';
import { keepUntil, removeOutlived } from './kept-versions.js';
import { layOutPackage, layoutAt, makeRoot, type PackageLayout } from './lay-out-package.js';
import type { PackageChecks } from './package-documents.js';
import { type PackageFolder, readPackage } from './package-folder.js';
import { versionOf } from './package-version.js';
import { runRunners } from './run-runners.js';

export interface PackageStoreOptions {
  readonly source: PackageSource;
  /** Everything that agents have on disk, `<name>/<version>/` each. */
  readonly agentsDir: string;
  /** What the configuration says in place of the package. */
  readonly settings: PackageSettings;
  readonly checks: PackageChecks;
  /** The environment of a runner besides HOME and TMPDIR: the ordinary variables, and those the package asks for. */
  readonly runnerEnvironment: (names: readonly string[]) => Readonly<Record<string, string>>;
  /** How long a version is needed after the end of the last turn that may have begun with it. */
  readonly keepMs: number;
  readonly runnerTimeoutMs?: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface Version {
  readonly agent: AgentPackage;
  readonly servers: McpServers;
  readonly layout: PackageLayout;
  /** MCP configurations that lie there already. */
  readonly written: Set<string>;
}

const RUNNER_TIMEOUT_MS = 60_000;
/**
 * Takes up what the source has now: resolves when its runners are through. Throws BROKEN_PACKAGE, DISK_FULL, and what
 * fetching throws; the signal's reason when it aborts.
 */
export async function openPackageStore(
  options: PackageStoreOptions,
  signal: AbortSignal,
): Promise<PackageStore> {
  const { source, agentsDir, clock, log } = options;
  const versions = new Map<string, Version>();
  /** The last state of the source that was found usable, or broken: there is no need to look at it again. */
  let seen: string | undefined;
  let complaint: string | undefined;
  let syncing: Promise<unknown> = Promise.resolve();
  const first = await takeUp(signal);
  if (first === undefined) throw new Error(`${source.place} gave nothing`);
  let current = first;

  /** The version that is there now, ready for use; undefined when the source is as it was. */
  async function takeUp(until: AbortSignal): Promise<Version | undefined> {
    const fetched = await source.fetch(seen, until);
    if (fetched === undefined) return undefined;
    try {
      const version = await makeReady(fetched, until);
      seen = fetched.revision;
      return version;
    } catch (error) {
      if (isCode(error, 'BROKEN_PACKAGE')) seen = fetched.revision;
      throw asDiskFull(error);
    } finally {
      await fetched.close();
    }
  }

  async function makeReady(fetched: FetchedPackage, until: AbortSignal): Promise<Version> {
    const folder = await readPackage(fetched, options.checks);
    const settings = settingsFrom(folder, options.settings);
    const name = await versionOf(folder, settings);
    const known = versions.get(name);
    if (known !== undefined) return known;
    const layout = layoutAt(join(agentsDir, folder.name, name));
    const agent = describeAgent(folder, settings, name, layout);
    if (folder.unused.length > 0)
      log('package.keys_not_used', { agent: agent.name, keys: folder.unused }, 'warn');
    const version = { agent, servers: folder.servers, layout, written: new Set<string>() };
    await makeRoot(layout);
    await keep(version);
    await layOutPackage(folder, layout);
    await startUp(folder, version, until);
    versions.set(name, version);
    log('package.ready', { agent: agent.name, version: name, from: source.place });
    return version;
  }

  function startUp(folder: PackageFolder, { agent, layout }: Version, until: AbortSignal): Promise<void> {
    const env = { ...options.runnerEnvironment(agent.env), HOME: layout.home, TMPDIR: layout.tmp };
    const { runnerTimeoutMs: timeoutMs = RUNNER_TIMEOUT_MS } = options;
    return runRunners({ work: layout.work, runners: folder.runners, env, timeoutMs, log }, until);
  }

  /** A turn may begin with the version just now, and its conversation be kept for a while. */
  function keep({ agent, layout }: Version): Promise<void> {
    return keepUntil(layout.root, clock.now() + agent.timeoutS * 1000 + options.keepMs);
  }

  async function syncOnce(until: AbortSignal): Promise<boolean> {
    const before = current;
    try {
      const next = await takeUp(until);
      if (next !== undefined) complaint = undefined;
      if (next === undefined || next === before) return false;
      current = next;
      await Promise.all([keep(before), keep(next)]);
      return true;
    } catch (error) {
      until.throwIfAborted();
      // Said once, not at every look: it stays wrong until somebody mends it.
      const reason = messageOf(error);
      const facts = { agent: before.agent.name, version: before.agent.version, reason };
      if (reason !== complaint) log('package.update_refused', facts, 'error');
      complaint = reason;
      return false;
    }
  }

  return {
    current: () => current.agent,
    async mcpConfig(agent, disabled) {
      const version = versions.get(agent.version);
      if (version === undefined) throw new Error(`version ${agent.version} of ${agent.name} is not in use`);
      const { servers, layout, written } = version;
      const left = [...servers].filter(([name]) => !disabled.includes(name));
      if (left.length === 0) return undefined;
      const choice = [...servers.keys()].map((name) => (disabled.includes(name) ? '0' : '1')).join('');
      const file = `mcp-${choice}.json`;
      // Asked for at every turn: it is the same file for as long as the version is.
      if (!written.has(file)) await writePrivateFile(layout.mcp, file, mcpText(new Map(left)));
      written.add(file);
      return join(layout.mcp, file);
    },
    sync(until) {
      const turn = syncing.then(() => syncOnce(until));
      syncing = turn.catch(() => {});
      return turn;
    },
    async tend() {
      const { agent, layout } = current;
      await keep(current);
      await forgetSessions(layout, clock.now() - agent.timeoutS * 1000 - options.keepMs);
      const gone = await removeOutlived(join(agentsDir, agent.name), agent.version, clock.now());
      for (const version of gone) {
        versions.delete(version);
        log('package.version_removed', { agent: agent.name, version });
      }
    },
  };
}
