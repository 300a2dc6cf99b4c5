// The agent's shift: a package, processes of Claude that are kept warm for it, and the turns that callers open.
import { setMaxListeners } from 'node:events';
import { createTurnAgent } from '../adapters/claude/pool/turn-agent.js';
import { createGuard, type Guard } from '../adapters/host/attempt/guard.js';
import { sweepOrphans } from '../adapters/host/attempt/sweep.js';
import { createDiskRoom } from '../adapters/host/disk-room.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { claimTurnsLoop } from '../app/loops/claim-turns.js';
import { createLeases } from '../app/loops/lease.js';
import { packageSyncLoop } from '../app/loops/package-sync.js';
import { createSlots, type Slots } from '../app/slots.js';
import type { Completions } from '../app/turn/completions.js';
import { standardLaunch } from '../app/turn/launch.js';
import { openCompletions } from '../app/turn/open-completions.js';
import { openTurns } from '../app/turn/open-turns.js';
import { runClaimedTurn } from '../app/turn/run-claimed-turn.js';
import type { TurnDeps, TurnPolicy, TurnStage } from '../app/turn/turn-deps.js';
import type { Turns } from '../app/turn/turns.js';
import { createWaitingRoom } from '../app/turn/waiting-room.js';
import { messageOf } from '../domain/errors.js';
import { parseVisibility } from '../domain/visibility.js';
import type { DiskRoom } from '../ports/disk-room.js';
import type { PackageStore } from '../ports/packages.js';
import type { TurnAgent } from '../ports/turn-agent.js';
import type { Config } from '../runtime/config/config.js';
import { type Service, untilAborted } from '../runtime/supervise.js';
import { cached } from './cached.js';
import { fingerprintCredential } from './credential.js';
import { createHeart } from './heart.js';
import type { Machines } from './machines.js';
import { agentsDir, openPackage } from './open-package.js';
import { claudeBinary, claudeEnvironment, type Leaving, settleUntil, type Worker } from './worker.js';

export interface AgentShift extends Worker {
  readonly turns: Turns;
  readonly completions: Completions;
  readonly packages: PackageStore;
  /** Where its turns wait. */
  readonly lane: string;
  /** Undefined in a process that runs no turns itself. */
  readonly agent: TurnAgent | undefined;
  /** On the disks that its turns write to; undefined where none run. */
  readonly room: DiskRoom | undefined;
}

/** How long a turn may wait for a place: chat clients give up after ten minutes. */
const QUEUE_TTL_S = 600;

/** What was asked of the disks counts for so long. */
const ROOM_CACHE_MS = 1000;

/** Provisions the package and, with the worker's role, warms the pool. Throws BROKEN_PACKAGE with every fault. */
export async function startAgent(
  machines: Machines,
  leaving: Leaving,
  signal: AbortSignal,
): Promise<AgentShift> {
  const { config, bus, log, worker } = machines;
  const isWorker = config.server.roles.includes('worker');
  if (isWorker) await sweepOrphans({ log });
  const packages = await openPackage(machines, signal);
  const guard = createGuard({ log });
  const slots = createSlots(config.agent.maxProcesses);
  const running = new Set<string>();
  const recording = new Set<Promise<void>>();
  // Every turn listens to it; many of them are no leak.
  setMaxListeners(0, leaving.handBack);
  const stage: TurnStage | undefined = isWorker
    ? stageOf(machines, { guard, slots, running, recording, handBack: leaving.handBack })
    : undefined;
  const deps = turnDeps(machines, packages, stage, leaving.drain.signal);
  const warm = (): Promise<void> => keepWarm(deps, config);
  await warm();
  const intervalMs = config.agentihub.syncInterval * 1000;
  const syncing = { packages, intervalMs, onNewVersion: () => void warm(), clock: systemClock, log };
  const room = createWaitingRoom(deps);
  return {
    turns: openTurns(deps, room),
    completions: openCompletions(deps, room),
    packages,
    lane: deps.policy.lane,
    agent: stage?.agent,
    room: stage?.room,
    services: [
      { name: 'package-sync', run: (until) => packageSyncLoop(syncing, until) },
      ...(stage === undefined ? [] : await stageServices(machines, deps, stage, leaving)),
    ],
    running: () => [...running],
    busy: () => slots.taken() > 0 || recording.size > 0,
    async idle() {
      await slots.idle();
      await Promise.all(recording);
    },
    async close() {
      await stage?.agent.close();
      await guard.close();
      await bus.queue.forgetDead(deps.policy.lane).catch(() => {});
      log('agent.closed', { worker });
    },
  };
}

/** Where turns run in this process. */
function stageOf(
  machines: Machines,
  at: {
    readonly guard: Guard;
    readonly slots: Slots;
    readonly running: Set<string>;
    readonly recording: Set<Promise<void>>;
    readonly handBack: AbortSignal;
  },
): TurnStage {
  const { config, spools, log } = machines;
  const { maxProcesses, idleSeconds } = config.agent;
  const { guard, slots, running, recording, handBack } = at;
  const binary = claudeBinary(config);
  return {
    agent: createTurnAgent({ binary, guard, log, maxProcesses, idleMs: idleSeconds * 1000 }),
    slots,
    leases: createLeases({ clock: systemClock, leaseMs: leaseMs(config), log }),
    spools,
    host: config.repos.podName,
    room: { lack: cached(createDiskRoom([agentsDir(config), config.repos.jobsDir]).lack, ROOM_CACHE_MS) },
    environment: claudeEnvironment(machines),
    handBack,
    running,
    recording,
  };
}

const leaseMs = ({ worker }: Config): number => worker.leaseSeconds * 1000;

function turnDeps(
  machines: Machines,
  packages: PackageStore,
  stage: TurnStage | undefined,
  leave: AbortSignal,
): TurnDeps {
  const { config, bus, hash } = machines;
  const { queue, feed, transcript, conversations, breaker } = bus;
  return {
    ...machines,
    ...{ queue, feed, transcript, conversations, breaker, packages, stage },
    credential: fingerprintCredential(config.claude.passthrough, hash),
    accepting: () => !leave.aborted,
    policy: policyOf(config, packages.current().name),
  };
}

/** Of all agents that share a bus, each has a lane of its own. */
function policyOf(config: Config, agent: string): TurnPolicy {
  const { maxWaiting, conversationPolicy, defaultVisibility, sessionTtl } = config.agent;
  return {
    lane: `agent:${agent}`,
    maxWaiting,
    conversation: conversationPolicy,
    visibility: parseVisibility(defaultVisibility.join(',')),
    sessionTtlMs: sessionTtl * 1000,
    jobTtlS: config.repos.jobTtlSeconds,
    feedTtlS: config.repos.feedTtlSeconds,
    queueTtlS: QUEUE_TTL_S,
    leaseMs: leaseMs(config),
  };
}

/** A pool that cannot be warmed is no reason not to serve: the first turn says what is wrong. */
async function keepWarm(deps: TurnDeps, { agent: { warmProcesses } }: Config): Promise<void> {
  const { stage, packages, log } = deps;
  if (stage === undefined || warmProcesses === 0) return;
  try {
    await stage.agent.prepare(await standardLaunch(deps, stage, packages.current()), warmProcesses);
  } catch (error) {
    log('pool.not_warm', { error: messageOf(error) }, 'warn');
  }
}

async function stageServices(
  machines: Machines,
  deps: TurnDeps,
  stage: TurnStage,
  { drain }: Leaving,
): Promise<readonly Service[]> {
  const { config, bus, log, worker } = machines;
  const { slots, running } = stage;
  const left = await machines.spools.left();
  const heart = createHeart(machines, drain, {
    slots: config.agent.maxProcesses,
    running: () => [...running],
  });
  const claiming = {
    queue: bus.queue,
    lane: deps.policy.lane,
    worker,
    leaseMs: leaseMs(config),
    slots,
    room: stage.room,
    run: (claim: Parameters<typeof runClaimedTurn>[2]) => runClaimedTurn(deps, stage, claim),
    clock: systemClock,
    log,
  };
  return [
    {
      name: 'claim',
      async run(signal) {
        await claimTurnsLoop(claiming, AbortSignal.any([drain.signal, signal]));
        await untilAborted(signal);
      },
    },
    { name: 'settle', run: (signal) => settleUntil(machines, left, signal) },
    heart.service,
  ];
}
