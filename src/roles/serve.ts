// `agenticore serve`: one process, its shifts, and how it leaves: claim nothing new, finish or give back, then go.
import { randomUUID } from 'node:crypto';
import { AgenticoreError } from '../domain/errors.js';
import type { Log } from '../ports/log.js';
import type { Config } from '../runtime/config/config.js';
import { assertServable, loadConfig } from '../runtime/config/load-config.js';
import { createLogger } from '../runtime/log.js';
import { createSecrets } from '../runtime/secrets.js';
import { type Service, supervise, untilAborted } from '../runtime/supervise.js';
import type { DrainState } from '../surfaces/http/http-deps.js';
import type { AgentShift } from './agent.js';
import { openCounter } from './counter.js';
import { createDrain } from './drain.js';
import { buildMachines, type Machines } from './machines.js';
import { maintenanceServices } from './maintenance.js';
import { openBus } from './open-bus.js';
import { asServed, relay, unlessServed } from './stdio.js';
import type { Leaving, Worker } from './worker.js';

export interface ServeFlags {
  readonly port?: number;
  readonly host?: string;
  readonly roles?: string;
  readonly transport?: 'stdio';
}

/** Serves until SIGTERM or SIGINT; resolves with the exit code. Throws CONFIG_INVALID, BUS_LOCKED, BUS_UNREACHABLE. */
export async function serve(flags: ServeFlags): Promise<number> {
  const { config: asked, warnings } = loadConfig({ flags: { ...flags } });
  const config = asServed(asked);
  assertServable(config);
  const secrets = createSecrets(config.secrets);
  const log = createLogger({ ...config.log, redact: secrets.redact });
  for (const warning of warnings) log('config.warning', { warning }, 'warn');

  const worker = `${config.repos.podName}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const bus = await openBus(config, worker, log).catch(unlessServed(config));
  if (bus === undefined) return relay(config, log);
  try {
    return await work(config, buildMachines({ config, bus, worker, log, secrets }));
  } finally {
    await bus.close();
    log('server.stopped');
  }
}

async function work(config: Config, machines: Machines): Promise<number> {
  const { log } = machines;
  const drain = createDrain(log);
  const handBack = new AbortController();
  const stop = new AbortController();
  let emptied: Promise<boolean> | undefined;
  const leaving = { drain, handBack: handBack.signal };
  const agent = config.agentMode ? await startAgent(machines, leaving, stop.signal) : undefined;
  const worker = agent ?? (await startFleetWorker(machines, leaving));
  const drainState = (): DrainState => {
    const draining = drain.signal.aborted;
    return { draining, idle: draining && !worker?.busy(), running: worker?.running() ?? [] };
  };
  if (!config.agentMode) await fetchFirstProfiles(machines, stop.signal);
  const counter = await openCounter(machines, { drain, drainState, agent });
  const services: Service[] = [
    ...counter.services,
    ...maintenanceServices(machines, agent?.lane ?? config.worker.lane),
    ...(worker?.services ?? []),
  ];

  onSignals(
    log,
    async (patienceMs) => {
      drain.begin('a signal');
      emptied = emptyHands(worker, handBack, patienceMs, log);
      await emptied;
      stop.abort();
    },
    handBack,
    config.worker.drainSeconds * 1000,
  );
  log('server.listening', {
    url: counter.url,
    bus: machines.bus.name,
    roles: config.server.roles,
    worker: machines.worker,
  });
  if (process.stdout.isTTY && counter.url !== undefined && config.server.transport === 'sse')
    process.stdout.write(announcement(counter.url, machines.bus.name, agent));
  try {
    await supervise(services, stop.signal, log);
    return 0;
  } catch (error) {
    if (error instanceof AgenticoreError) throw error;
    return 1;
  } finally {
    drain.begin('the end');
    handBack.abort();
    const isIdle = await (emptied ?? emptyHands(worker, handBack, 0, log));
    await worker?.close();
    // What is left behind may keep the process for ever; the guard sees to its claude.
    if (!isIdle) setTimeout(() => process.exit(), GOODBYE_MS).unref();
  }
}

/** Whoever asks for a profile of the repository right after the start finds it; later ones come beside the work. */
async function fetchFirstProfiles({ profiles }: Machines, signal: AbortSignal): Promise<void> {
  if ((await profiles.repository())?.revision === undefined) await profiles.sync(signal);
}

/**
 * How long giving back may take: claude's stop ladder, and a last try at a bus that may be away. What is not given back
 * by then is left to the lease.
 */
const HAND_BACK_MS = 20_000;

/** How long closing the bus may take when something was left behind. */
const GOODBYE_MS = 3_000;

/** Waits for what runs, at most `patienceMs`, and then has it given back. False when something would not end. */
async function emptyHands(
  worker: Worker | undefined,
  handBack: AbortController,
  patienceMs: number,
  log: Log,
): Promise<boolean> {
  if (worker === undefined) {
    handBack.abort(); // nothing to give back: a second signal ends it at once
    return true;
  }
  const patience = setTimeout(() => handBack.abort(), patienceMs);
  const tooLong = new AbortController();
  let end: NodeJS.Timeout | undefined;
  const givingBack = (): void => {
    end = setTimeout(() => tooLong.abort(), HAND_BACK_MS);
  };
  if (handBack.signal.aborted) givingBack();
  else handBack.signal.addEventListener('abort', givingBack);
  const idle = worker.idle().then(() => true);
  const isIdle = await Promise.race([idle, untilAborted(tooLong.signal).then(() => false)]);
  if (!isIdle) log('server.left_behind', { jobs: worker.running() }, 'warn');
  handBack.signal.removeEventListener('abort', givingBack);
  clearTimeout(patience);
  clearTimeout(end);
  return isIdle;
}

/** A signal that comes so soon after another is the same: a terminal or systemd sent it to all, and npm passed it on. */
const ECHO_MS = 1_000;

/**
 * SIGTERM: an orchestrator wants us gone, with patience. SIGINT: a person does, now. Once more of either ends the
 * patience, and once more after that gives nothing back: the guard sees to what still runs. It is heard to the very end:
 * one that came when all was given back would make a good end a death.
 */
function onSignals(
  log: Log,
  leave: (patienceMs: number) => Promise<void>,
  handBack: AbortController,
  drainMs: number,
): void {
  let heardAt: number | undefined;
  const on = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    const again = heardAt !== undefined;
    if (now - (heardAt ?? Number.NEGATIVE_INFINITY) < ECHO_MS) return;
    heardAt = now;
    log('server.leaving', { signal, again });
    if (!again) void leave(signal === 'SIGTERM' ? drainMs : 0);
    else if (handBack.signal.aborted) process.exit(1);
    else handBack.abort();
  };
  process.on('SIGTERM', on).on('SIGINT', on);
}

async function startAgent(machines: Machines, leaving: Leaving, stop: AbortSignal): Promise<AgentShift> {
  const agent = await import('./agent.js');
  return agent.startAgent(machines, leaving, stop);
}

async function startFleetWorker(machines: Machines, leaving: Leaving): Promise<Worker | undefined> {
  if (!machines.config.server.roles.includes('worker')) return undefined;
  const { startWorker } = await import('./worker.js');
  return startWorker(machines, leaving);
}

function announcement(url: string, bus: string, agent: AgentShift | undefined): string {
  const use =
    agent === undefined
      ? [
          `  submit  agenticore run "<what to do>" --repo <url> --follow`,
          `  REST    POST ${url}/jobs   ·   GET ${url}/jobs/<id>/events`,
        ]
      : [
          `  agent   ${agent.packages.current().name}, an OpenAI-compatible model at ${url}/v1`,
          `  chat    POST ${url}/v1/chat/completions   ·   GET ${url}/v1/models`,
        ];
  const lines = [
    `Agenticore listens on ${url} (${bus} bus)`,
    ...use,
    `  health  ${url}/health   ·   ${url}/ready`,
  ];
  return `${lines.join('\n')}\n`;
}
