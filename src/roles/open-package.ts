// What agent this process is: where the configuration gets its package from, and how it is laid out.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../adapters/host/system-clock.js';
import { createHubSource } from '../adapters/profile-files/agent-package/agent-hub.js';
import { createDirectorySource } from '../adapters/profile-files/agent-package/package-directory.js';
import type { PackageChecks } from '../adapters/profile-files/agent-package/package-documents.js';
import { openPackageStore } from '../adapters/profile-files/agent-package/package-store.js';
import type { Credentials } from '../ports/credentials.js';
import type { PackageSource } from '../ports/package-source.js';
import type { PackageStore } from '../ports/packages.js';
import { ordinaryVariables } from '../runtime/config/claude-environment.js';
import type { Config } from '../runtime/config/config.js';
import { packagePath } from '../runtime/package-root.js';
import { compileSchema } from '../runtime/schema.js';
import { fetchedFrom } from './fetched-from.js';
import type { Machines } from './machines.js';

/** Where an image has the package of its agent. */
const IN_AN_IMAGE = '/app/package';
const BUNDLED = packagePath('profiles', 'assistant');
/** A version is said to be in use every ten minutes (packageSyncLoop). */
const SLACK_S = 900;

/**
 * Fetches, checks and lays out the agent's package and runs its runners. Throws BROKEN_PACKAGE with every fault,
 * DISK_FULL, and what fetching it throws (REPOSITORY_*, REPO_URL_REFUSED ...); the signal's reason when that aborts.
 */
export function openPackage(
  { config, credentials, log }: Pick<Machines, 'config' | 'credentials' | 'log'>,
  signal: AbortSignal,
): Promise<PackageStore> {
  const { agent, claude } = config;
  return openPackageStore(
    {
      source: packageSource(config, credentials, join(config.home, 'fetched-packages')),
      agentsDir: agentsDir(config),
      settings: {
        model: agent.model,
        maxTurns: agent.maxTurns,
        permissionMode: agent.permissionMode,
        timeoutS: agent.timeout,
        appendSystemPrompt: agent.appendSystemPrompt,
      },
      checks: packageChecks(),
      runnerEnvironment: (names) => {
        const { values, warnings } = claude.environmentOf(names);
        for (const why of warnings) log('package.env_refused', { why }, 'warn');
        return { ...ordinaryVariables(claude.passthrough), ...values };
      },
      keepMs: (agent.sessionTtl + agent.idleSeconds + SLACK_S) * 1000,
      clock: systemClock,
      log,
    },
    signal,
  );
}

/** The place that the configuration names; what is fetched lies in `scratchDir`. Throws REPO_URL_REFUSED. */
export function packageSource(config: Config, credentials: Credentials, scratchDir: string): PackageSource {
  const { agent, packageRepo, agentihub } = config;
  if (packageRepo.url !== undefined)
    return fetchedFrom(config, credentials, scratchDir, packageRepo.url, packageRepo.branch);
  if (agentihub.url !== undefined)
    return createHubSource(hubSource(config, credentials, scratchDir), agentihub.agent ?? '');
  return createDirectorySource(agent.packageDir ?? (existsSync(IN_AN_IMAGE) ? IN_AN_IMAGE : BUNDLED));
}

/** The hub as a whole, which the configuration must name. Throws REPO_URL_REFUSED. */
export const hubSource = (config: Config, credentials: Credentials, scratchDir: string): PackageSource =>
  fetchedFrom(config, credentials, scratchDir, config.agentihub.url ?? '');

/** The example, which is served where nothing else is named. */
export const bundledSource = (): PackageSource => createDirectorySource(BUNDLED);

/** The schemas that packages are checked with. */
export const packageChecks = (): PackageChecks => ({
  profile: compileSchema('profile'),
  agent: compileSchema('agent'),
});

/** Where the packages of this configuration are laid out, with the sessions of their turns. */
export const agentsDir = ({ home, repos }: Config): string => join(repos.sharedFsRoot ?? home, 'agents');
