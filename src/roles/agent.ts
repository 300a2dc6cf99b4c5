// The agent's shift: a package, processes of Claude that are kept warm for it, and the turns that callers open.
import { createGuard } from '../adapters/claude/end/guard.js';
import { sweepOrphans } from '../adapters/claude/end/sweep.js';
import { createTurnAgent } from '../adapters/claude/pool/turn-agent.js';
import { locateClaude } from '../adapters/claude/start/locate-claude.js';
import { systemClock } from '../adapters/host/system-clock.js';
import { createBell } from '../app/bell.js';
import { claimTurnsLoop } from '../app/loops/claim-turns.js';
import { heartbeatLoop } from '../app/loops/heartbeat.js';
import { createLeases } from '../app/loops/lease.js';
import { createSlots } from '../app/slots.js';
import { standardLaunch } from '../app/turn/launch.js';
import { openTurns } from '../app/turn/open-turns.js';
import { runClaimedTurn } from '../app/turn/run-claimed-turn.js';
import type { TurnDeps, TurnPolicy, TurnStage } from '../app/turn/turn-deps.js';
import type { Turns } from '../app/turn/turns.js';
import { messageOf } from '../domain/errors.js';
import { parseVisibility } from '../domain/visibility.js';
import type { PackageStore } from '../ports/packages.js';
import type { TurnAgent } from '../ports/turn-agent.js';
import type { Config } from '../runtime/config/config.js';
import { createStreamRedactor } from '../runtime/redact-stream.js';
import type { Service } from '../runtime/supervise.js';
import { fingerprintCredential } from './credential.js';
import type { Machines } from './machines.js';
import { openPackages } from './open-packages.js';
import { packageVersion } from './package-version.js';
import { claimUntil, type Leaving, settleUntil, type Worker } from './worker.js';

export interface AgentShift extends Worker {
  readonly turns: Turns;
  readonly packages: PackageStore;
  /** Undefined in a process that runs no turns itself. */
  readonly agent: TurnAgent | undefined;
}

/** How long a turn may wait for a place: chat clients give up after ten minutes. */
const QUEUE_TTL_S = 600;

/** Provisions the package and, with the worker's role, warms the pool. Throws BROKEN_PACKAGE with every fault. */
export async function startAgent(machines: Machines, leaving: Leaving, signal: AbortSignal): Promise<AgentShift> {
  const { config, bus, log, worker } = machines;
  const isWorker = config.server.roles.includes('worker');
  if (isWorker) await sweepOrphans({ log });
  const opened = await openPackages(config, machines, signal);
  const { packages } = opened;
  const guard = createGuard({ log });
  const slots = createSlots(config.agent.maxProcesses);
  const running = new Set<string>();
  const stage: TurnStage | undefined = isWorker
    ? stageOf(machines, { guard, slots, running, handBack: leaving.handBack })
    : undefined;
  const deps = turnDeps(machines, packages, stage, leaving.drain.signal);
  const warm = (): Promise<void> => keepWarm(deps, config);
  await warm();
  const turns = openTurns(deps);
  return {
    turns,
    packages,
    agent: stage?.agent,
    services: [
      ...opened.services(() => void warm()),
      ...(stage === undefined ? [] : await stageServices(machines, deps, stage, leaving)),
    ],
    running: () => [...running],
    busy: () => slots.taken() > 0,
    idle: () => slots.idle(),
    async close() {
      await stage?.agent.close();
      await guard.close();
      await bus.queue.forgetDead(deps.policy.lane).catch(() => {});
      log('agent.closed', { worker });
    },
  };
}
