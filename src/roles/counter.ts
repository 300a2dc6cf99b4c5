// The shift at the counter: takes jobs in (ingress) and lets readers follow them (gateway).
import { createFileCheck } from '../adapters/profile-files/allowed-file.js';
import type { SubmitDeps } from '../app/submit-job.js';
import { messageOf } from '../domain/errors.js';
import { checkOf, compileSchema, readSchema } from '../runtime/schema.js';
import { type Service, untilAborted } from '../runtime/supervise.js';
import { hashApiKeys } from '../surfaces/http/api-keys.js';
import { createHttpApp } from '../surfaces/http/app.js';
import {
  type AgentCounters,
  DEFAULT_HTTP_LIMITS,
  type DrainState,
  type HttpDeps,
  type Readiness,
} from '../surfaces/http/http-deps.js';
import { type Listening, listen } from '../surfaces/http/listen.js';
import { DEFAULT_MCP_LIMITS } from '../surfaces/mcp/mcp-deps.js';
import type { AgentShift } from './agent.js';
import { cached } from './cached.js';
import type { Drain } from './drain.js';
import type { Machines } from './machines.js';
import { openOAuth } from './oauth.js';
import { packageVersion } from './package-version.js';
import { readingsOf } from './readings.js';
import { repoUrlPolicy } from './repo-url-policy.js';
import { stdioService } from './stdio.js';

/** How long a job may wait before it is not worth starting, where the request does not say. */
const QUEUE_TTL_S = 86_400;
const LOOK_CACHE_MS = 1000;

/** The other shifts of the process, as far as callers hear of them. */
export interface Shifts {
  readonly drain: Drain;
  readonly drainState: () => DrainState;
  /** Undefined in a fleet. */
  readonly agent: AgentShift | undefined;
}

export interface Counter {
  /** Undefined where nothing listens. */
  readonly url: string | undefined;
  readonly services: readonly Service[];
}

/** Answers until its services are stopped, over HTTP, on stdio or both; also while the process drains. */
export async function openCounter(machines: Machines, shifts: Shifts): Promise<Counter> {
  const { config, bus, log } = machines;
  const closing = new AbortController();
  const deps = await httpDeps(machines, shifts, closing.signal);
  if (config.server.transport === 'sse') {
    const listening = await listenFor(machines, deps, closing);
    return { url: listening.url, services: [httpService(listening)] };
  }
  const stdio = stdioService(deps, () => closing.abort());
  // On Redis there are others who listen. On files this process has everything, and the next client wants to find it.
  if (bus.name === 'redis') return { url: undefined, services: [stdio] };
  const listening = await listenFor(machines, deps, closing).catch((error: unknown) => {
    log('server.not_listening', { error: messageOf(error) }, 'warn');
  });
  return { url: listening?.url, services: listening ? [stdio, httpService(listening)] : [stdio] };
}

function listenFor(
  { config, newId }: Machines,
  deps: HttpDeps,
  closing: AbortController,
): Promise<Listening> {
  const { host, port } = config.server;
  return listen(createHttpApp(deps), { host, port, closing, newRequestId: newId });
}

const httpService = ({ close }: Listening): Service => ({
  name: 'counter',
  async run(signal) {
    await untilAborted(signal);
    await close();
  },
});

async function httpDeps(
  machines: Machines,
  { drain, drainState, agent }: Shifts,
  closing: AbortSignal,
): Promise<HttpDeps> {
  const { config, bus, log, newId, workspaces, redact, metrics, meter } = machines;
  const oauth = await openOAuth(machines);
  const lane = agent?.lane ?? config.worker.lane;
  metrics.observe(cached(() => readingsOf({ ...machines, lane, agent: agent?.agent }), LOOK_CACHE_MS));
  return {
    probesOnly: isOnlyWorker(config),
    bus,
    submit: submitDeps(machines, drain.signal),
    drain: { begin: drain.begin, state: drainState },
    workspaces,
    redact,
    checkers: { jobRequest: compileSchema('job-request'), jobRetry: compileSchema('job-retry') },
    mcp: { schemas: { read: readSchema, check: checkOf }, limits: DEFAULT_MCP_LIMITS },
    apiKeys: hashApiKeys(config.server.apiKeys),
    allowQueryKey: config.server.allowQueryKey,
    allowUnauthenticated: config.server.allowUnauthenticated,
    corsOrigins: config.server.corsOrigins,
    allowedHosts: config.server.allowedHosts,
    rateLimitPerMinute: config.server.rateLimitPerMinute,
    limits: { ...DEFAULT_HTTP_LIMITS, maxBodyBytes: config.server.maxBodyBytes },
    version: packageVersion,
    health: () => ({
      bus: bus.name,
      roles: config.server.roles,
      worker: machines.worker,
      ...(agent === undefined ? {} : agentHealth(agent)),
    }),
    ...(oauth && { oauth }),
    ...(agent === undefined ? {} : { agent: await agentCounters(machines, agent, closing) }),
    metricsPage: metrics.page,
    publicMetrics: config.server.publicMetrics,
    meter,
    readiness: cached(() => readiness(machines, drain.signal, agent), LOOK_CACHE_MS),
    log,
    newRequestId: newId,
    closing,
  };
}

function agentHealth({ packages, agent }: AgentShift): Readonly<Record<string, unknown>> {
  const { name, version, cwd, model } = packages.current();
  return {
    agent_mode: true,
    agent: name,
    package_version: version,
    package_dir: cwd,
    default_model: model,
    ...(agent === undefined ? {} : { processes: agent.state() }),
  };
}

async function agentCounters(
  machines: Machines,
  agent: AgentShift,
  closing: AbortSignal,
): Promise<AgentCounters> {
  const { openAgentCounters } = await import('./agent-counters.js');
  return openAgentCounters(machines, agent, closing);
}

function submitDeps(machines: Machines, leave: AbortSignal): SubmitDeps {
  const { config } = machines;
  return {
    ...machines,
    accepting: () => !leave.aborted,
    checkFilePath: createFileCheck(config.repos.mcpFileRoots),
    policy: {
      defaultProfile: config.claude.defaultProfile,
      lane: config.worker.lane,
      maxQueued: config.server.maxQueued,
      jobTtlS: config.repos.jobTtlSeconds,
      feedTtlS: config.repos.feedTtlSeconds,
      queueTtlS: QUEUE_TTL_S,
      maxAttempts: config.worker.maxAttempts,
      repoUrls: repoUrlPolicy(config),
    },
  };
}

const isOnlyWorker = ({ server }: Machines['config']): boolean =>
  server.roles.every((role) => role === 'worker');

async function readiness(
  { bus, profiles, config, diskRoom }: Machines,
  leave: AbortSignal,
  agent: AgentShift | undefined,
): Promise<Readiness> {
  // An agent has its package from the start on.
  const profile = agent === undefined ? profiles.load(config.claude.defaultProfile) : undefined;
  const checks = await Promise.allSettled([bus.ping(), profile]);
  const reasons = checks.flatMap((check) => (check.status === 'rejected' ? [messageOf(check.reason)] : []));
  // Who also takes jobs in can do that: they wait for room, or for another worker. Turns run where they come in.
  const room = agent === undefined && isOnlyWorker(config) ? diskRoom : agent?.room;
  const lack = await room?.lack();
  if (lack !== undefined) reasons.push(lack);
  if (leave.aborted) reasons.push('This server is draining.');
  return { ready: reasons.length === 0, reasons };
}
