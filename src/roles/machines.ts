// The machines that more than one shift works with, built from the configuration once per process.
import { randomUUID } from 'node:crypto';
import { createWorkspaces } from '../adapters/git/create-workspaces.js';
import { createDiskRoom } from '../adapters/host/disk-room.js';
import { sha256 } from '../adapters/host/sha256.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { createJobDirectories } from '../adapters/job-files/job-directories.js';
import { createSpools } from '../adapters/job-files/spools.js';
import { allowHosts, PUBLIC } from '../adapters/outbound/allowed-hosts.js';
import { createCourier } from '../adapters/outbound/courier.js';
import { createFindHost } from '../adapters/outbound/find-host.js';
import type { LedgerDeps } from '../app/handle-command.js';
import { meterBus } from '../app/metered-bus.js';
import type { TextFlow } from '../domain/text-flow.js';
import type { Bus } from '../ports/bus.js';
import type { Courier } from '../ports/courier.js';
import type { Credentials } from '../ports/credentials.js';
import type { DiskRoom } from '../ports/disk-room.js';
import type { JobDirectories } from '../ports/job-directories.js';
import type { Log } from '../ports/log.js';
import type { Meter } from '../ports/meter.js';
import type { ProfileStore } from '../ports/profile-store.js';
import type { Spools } from '../ports/spool.js';
import type { Workspaces } from '../ports/workspace.js';
import type { Config } from '../runtime/config/config.js';
import type { Secrets } from '../runtime/secrets.js';
import { createMetrics, type Metrics } from '../runtime/telemetry/metrics.js';
import { gitEnvironment } from './git-environment.js';
import { openCredentials } from './open-credentials.js';
import { openProfiles } from './open-profiles.js';
import { packageVersion } from './package-version.js';
import { repoUrlPolicy } from './repo-url-policy.js';

export interface Machines extends LedgerDeps {
  readonly config: Config;
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly meter: Meter;
  readonly profiles: ProfileStore;
  readonly workspaces: Workspaces;
  readonly credentials: Credentials;
  readonly directories: JobDirectories;
  readonly spools: Spools;
  /** Of all that a worker writes to. */
  readonly diskRoom: DiskRoom;
  readonly courier: Courier;
  readonly redact: (text: string) => string;
  readonly redactTask: (task: string) => string;
  readonly openFlow: () => TextFlow;
  /** The secrets of this moment, in all their spellings. */
  readonly ownSecrets: () => readonly string[];
  readonly newId: () => string;
  /** Name of this process among the workers. */
  readonly worker: string;
}

type Given = Pick<Machines, 'config' | 'bus' | 'log' | 'worker'> & { readonly secrets: Secrets };

/** Builds them; none touches its folders before it is used. */
export function buildMachines({ config, bus: plainBus, log, worker, secrets }: Given): Machines {
  const { repos, callbacks } = config;
  const repoUrls = repoUrlPolicy(config);
  const credentials = openCredentials(config, secrets.learn);
  const metrics = createMetrics();
  const bus = meterBus(plainBus, metrics.meter);
  return {
    ...{ config, bus, log, worker, credentials, metrics, meter: metrics.meter },
    events: bus.events,
    clock: systemClock,
    hash: sha256,
    newId: randomUUID,
    redact: secrets.redact,
    redactTask: secrets.redactTask,
    openFlow: secrets.openFlow,
    ownSecrets: secrets.spellings,
    profiles: openProfiles(config, credentials, log),
    workspaces: createWorkspaces({
      reposRoot: repos.root,
      worktreeRoot: repos.worktreeRoot,
      ...repoUrls,
      ...(repos.cacheMaxBytes === undefined ? {} : { cacheMaxBytes: repos.cacheMaxBytes }),
      keepMs: repos.jobTtlSeconds * 1000,
      // A host that the operator has named may lead wherever it does.
      ...(repos.allowedHosts === undefined
        ? { findHost: createFindHost(allowHosts([PUBLIC, ...(repoUrls.knownHosts ?? [])])) }
        : {}),
      env: gitEnvironment(config.claude.passthrough),
      ...{ credentials, log },
    }),
    directories: createJobDirectories(repos.jobsDir),
    spools: createSpools(repos.jobsDir),
    diskRoom: createDiskRoom([repos.root, repos.worktreeRoot, repos.jobsDir]),
    courier: createCourier({ ...callbacks, version: packageVersion, now: Date.now }),
  };
}
