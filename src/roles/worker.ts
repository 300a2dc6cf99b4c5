// The worker's shift: sweep what the dead left, then claim and run jobs until told to leave.
import { createClaudeAgent } from '../adapters/claude/agent.js';
import { locateClaude } from '../adapters/claude/start/locate-claude.js';
import { createApiRoute } from '../adapters/github/api-route.js';
import { createGithubCodeHost } from '../adapters/github/code-host.js';
import { matchPaths } from '../adapters/globs/match-paths.js';
import { createGuard, type Guard } from '../adapters/host/attempt/guard.js';
import { sweepOrphans } from '../adapters/host/attempt/sweep.js';
import { createPrograms } from '../adapters/host/programs.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { createSecretScanner } from '../adapters/secret-scan/create-secret-scanner.js';
import type { AttemptDeps } from '../app/attempt/attempt.js';
import { lookAtJob } from '../app/look-at-job.js';
import { claimLoop, type Succession } from '../app/loops/claim.js';
import { createLeases } from '../app/loops/lease.js';
import { settleLoop } from '../app/loops/settle.js';
import { sweepLoop } from '../app/loops/sweep.js';
import { tendCacheLoop } from '../app/loops/tend-cache.js';
import { runAttempt } from '../app/run-attempt.js';
import { createSlots } from '../app/slots.js';
import type { Job } from '../domain/job.js';
import type { Claim } from '../ports/command-queue.js';
import type { SpoolName } from '../ports/spool.js';
import { ordinaryVariables } from '../runtime/config/claude-environment.js';
import { type Service, untilAborted } from '../runtime/supervise.js';
import { fingerprintCredential } from './credential.js';
import type { Drain } from './drain.js';
import { createHeart } from './heart.js';
import type { Machines } from './machines.js';

/** How the process asks its worker to stop: first no new claims, then what runs is given back. */
export interface Leaving {
  readonly drain: Drain;
  readonly handBack: AbortSignal;
}

export interface Worker {
  readonly services: readonly Service[];
  /** Ids of the jobs that run. */
  running(): readonly string[];
  /** True while something runs or is being claimed. */
  busy(): boolean;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
  /** After the services have ended. */
  close(): Promise<void>;
}

/** Sweeps the host and builds the worker's services. */
export async function startWorker(machines: Machines, leaving: Leaving): Promise<Worker> {
  const { config, bus, log, worker } = machines;
  await sweepOrphans({ log });
  const sweeping = { ...machines, isWanted: (jobId: string) => isWanted(machines, jobId) };
  await machines.workspaces.sweep(sweeping.isWanted);
  const left = await machines.spools.left();

  const guard = createGuard({ log });
  const deps = attemptDeps(machines, guard);
  const slots = createSlots(config.repos.maxParallelJobs);
  const { drain } = leaving;
  const running = new Set<string>();
  const heart = createHeart(machines, drain, {
    slots: config.repos.maxParallelJobs,
    running: () => [...running],
  });
  const run = async (claim: Claim, succession: Succession): Promise<'no-room' | 'over'> => {
    running.add(claim.jobId);
    try {
      return await runAttempt(deps, claim, leaving.handBack, succession);
    } finally {
      running.delete(claim.jobId);
      if (drain.signal.aborted) heart.ring();
    }
  };
  const claiming = {
    events: bus.events,
    hash: machines.hash,
    queue: bus.queue,
    lane: config.worker.lane,
    worker,
    leaseMs: config.worker.leaseSeconds * 1000,
    slots,
    run,
    start: { host: deps.host, credential: deps.credential },
    room: machines.diskRoom,
    clock: systemClock,
    log,
  };
  return {
    services: [
      { name: 'claim', run: (signal) => claimUntil(claiming, drain.signal, signal) },
      { name: 'settle', run: (signal) => settleUntil(machines, left, signal) },
      heart.service,
      { name: 'sweep', run: (signal) => sweepLoop(sweeping, signal) },
      { name: 'tend-cache', run: (signal) => tendCacheLoop(machines, signal) },
    ],
    running: () => [...running],
    busy: () => slots.taken() > 0,
    idle: () => slots.idle(),
    async close() {
      await guard.close();
      await bus.queue.forgetDead(config.worker.lane).catch(() => {}); // the maintenance of others does it later
    },
  };
}

/** Settles what is left of its predecessors; as a service it goes on until the process stops. */
export async function settleUntil(
  machines: Machines,
  left: readonly SpoolName[],
  signal: AbortSignal,
): Promise<void> {
  const deps = { ...machines, transcript: machines.bus.transcript };
  const isOthers = async (jobId: string): Promise<boolean> =>
    runsElsewhere(machines, (await deps.events.load(jobId))?.job);
  await settleLoop(deps, left, isOthers, signal);
  await untilAborted(signal);
}

/** Claims until it may not any more; as a service it goes on until the process stops. */
async function claimUntil(
  deps: Parameters<typeof claimLoop>[0],
  leave: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  await claimLoop(deps, AbortSignal.any([leave, signal]));
  await untilAborted(signal);
}

function attemptDeps(machines: Machines, guard: Guard): AttemptDeps {
  const { config, bus, log } = machines;
  const { passthrough } = config.claude;
  return {
    ...machines,
    transcript: bus.transcript,
    feed: bus.feed,
    breaker: bus.breaker,
    credential: fingerprintCredential(passthrough, machines.hash),
    agent: createClaudeAgent({ binary: claudeBinary(config), guard, log }),
    codeHosts: [
      createGithubCodeHost({
        apiUrl: config.github.apiUrl,
        credentials: machines.credentials,
        route: createApiRoute(passthrough),
      }),
    ],
    programs: createPrograms({ guard }),
    secretScanner: createSecretScanner(machines.ownSecrets),
    matchPaths,
    environment: claudeEnvironment(machines),
    commandEnvironment: commandEnvironment(machines),
    host: config.repos.podName,
    leases: createLeases({ clock: systemClock, leaseMs: config.worker.leaseSeconds * 1000, log }),
    timeoutS: config.claude.timeout,
  };
}

/** Without one, each attempt fails with CLAUDE_NOT_FOUND and how to mend it; the server itself can be asked why. */
export const claudeBinary = ({ claude }: Machines['config']): string =>
  claude.binary ?? locateClaude(claude.passthrough.PATH) ?? 'claude';

/** What claude gets of this process's environment: the model's credentials, and the variables named. */
export const claudeEnvironment = (machines: Machines): AttemptDeps['environment'] =>
  withNamed(machines, machines.config.claude.passthrough);

/** What the commands of a profile get: no credentials of the model, unless the profile names them. */
const commandEnvironment = (machines: Machines): AttemptDeps['commandEnvironment'] =>
  withNamed(machines, ordinaryVariables(machines.config.claude.passthrough));

function withNamed(
  { config, log }: Machines,
  given: Readonly<Record<string, string>>,
): AttemptDeps['environment'] {
  return (names) => {
    const { values, warnings } = config.claude.environmentOf(names);
    for (const why of warnings) log('profile.env_refused', { why }, 'warn');
    return { ...given, ...values };
  };
}

type Host = Pick<Machines, 'bus' | 'worker'>;

/**
 * True when another living worker runs the job, or its next attempt may go on in the worktree that one has left; also
 * when the job cannot be read: it must not keep the worktrees of others from being swept.
 */
export async function isWanted(machines: Host, jobId: string): Promise<boolean> {
  const found = await lookAtJob(machines.bus.events, jobId);
  if (found === 'damaged') return true;
  const job = found?.job;
  return job?.unfinished?.sessionId !== undefined || runsElsewhere(machines, job);
}

/** True when another living worker runs the job: what an attempt of it left here is then none of our business. */
async function runsElsewhere({ bus, worker }: Host, job: Job | undefined): Promise<boolean> {
  if (job?.status !== 'running' || job.worker === worker) return false;
  const alive = await bus.registry.list();
  return alive.some((record) => record.worker === job.worker);
}
