// The machines that more than one shift works with, built from the configuration once per process.
import { randomUUID } from 'node:crypto';
import { createWorkspaces } from '../adapters/git/create-workspaces.js';
import { sha256 } from '../adapters/host/sha256.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { createJobDirectories } from '../adapters/job-files/job-directories.js';
import { createSpools } from '../adapters/job-files/spools.js';
import type { LedgerDeps } from '../app/handle-command.js';
import type { TextFlow } from '../domain/text-flow.js';
import type { Bus } from '../ports/bus.js';
import type { Credentials } from '../ports/credentials.js';
import type { JobDirectories } from '../ports/job-directories.js';
import type { Log } from '../ports/log.js';
import type { ProfileStore } from '../ports/profile-store.js';
import type { Spools } from '../ports/spool.js';
import type { Workspaces } from '../ports/workspace.js';
import type { Config } from '../runtime/config/config.js';
import type { Secrets } from '../runtime/secrets.js';
import { gitEnvironment } from './git-environment.js';
import { openCredentials } from './open-credentials.js';
import { openProfiles } from './open-profiles.js';

export interface Machines extends LedgerDeps {
  readonly config: Config;
  readonly bus: Bus;
  readonly log: Log;
  readonly profiles: ProfileStore;
  readonly workspaces: Workspaces;
  readonly credentials: Credentials;
  readonly directories: JobDirectories;
  readonly spools: Spools;
  readonly redact: (text: string) => string;
  readonly redactTask: (task: string) => string;
  readonly openFlow: () => TextFlow;
  readonly newId: () => string;
  /** Name of this process among the workers. */
  readonly worker: string;
}

type Given = Pick<Machines, 'config' | 'bus' | 'log' | 'worker'> & { readonly secrets: Secrets };

/** Builds them; none touches its folders before it is used. */
export function buildMachines({ config, bus, log, worker, secrets }: Given): Machines {
  const { repos } = config;
  const credentials = openCredentials(config, secrets.learn);
  return {
    ...{ config, bus, log, worker, credentials },
    events: bus.events,
    clock: systemClock,
    hash: sha256,
    newId: randomUUID,
    redact: secrets.redact,
    redactTask: secrets.redactTask,
    openFlow: secrets.openFlow,
    profiles: openProfiles(config, log),
    workspaces: createWorkspaces({
      reposRoot: repos.root,
      worktreeRoot: repos.worktreeRoot,
      allowedProtocols: repos.allowedProtocols,
      ...(repos.allowedHosts === undefined ? {} : { allowedHosts: repos.allowedHosts }),
      env: gitEnvironment(config.claude.passthrough),
      ...{ credentials, log },
    }),
    directories: createJobDirectories(repos.jobsDir),
    spools: createSpools(repos.jobsDir),
  };
}
