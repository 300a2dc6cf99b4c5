// What the HTTP surface is built from: use cases and facts, handed in by the role that opens the counter.
import type { RequestHandler, Router } from 'express';
import type { SubmitDeps } from '../../app/submit-job.js';
import type { Check } from '../../domain/errors.js';
import type { Bus } from '../../ports/bus.js';
import type { Log } from '../../ports/log.js';
import type { Meter } from '../../ports/meter.js';
import type { Workspaces } from '../../ports/workspace.js';
import type { CompletionDeps } from '../completions/completion-routes.js';
import type { McpParts } from '../mcp/mcp-deps.js';
import type { ApiKey } from './api-keys.js';
import type { AccessTokens } from './auth.js';

export interface Readiness {
  readonly ready: boolean;
  /** Sentences saying what is missing; empty when ready. */
  readonly reasons: readonly string[];
}

/** How far this process is with stopping to take work. */
export interface DrainState {
  readonly draining: boolean;
  /** Nothing runs, and nothing will. */
  readonly idle: boolean;
  /** Ids of the jobs that run. */
  readonly running: readonly string[];
}

/** How a process is asked to take no more work, and says how far it is. */
export interface Draining {
  /** `by`: who asked. Does nothing when it has begun. */
  begin(by: string): void;
  state(): DrainState;
}

export interface HttpLimits {
  readonly maxBodyBytes: number;
  /** Longest that `wait` holds a request open. */
  readonly maxWaitMs: number;
  /** How often an idle event stream gets a comment. */
  readonly keepAliveMs: number;
  /** A reader that takes nothing for this long is closed; it can resume. */
  readonly stallMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxBodyBytes: 1024 * 1024,
  maxWaitMs: 50_000,
  keepAliveMs: 15_000,
  stallMs: 30_000,
};

/** What chat clients and other programs talk to an agent with. */
export interface AgentCounters {
  /** Adds what they call at. */
  readonly addRoutes: (router: Router) => void;
  /** MCP asks the agent in the same way. */
  readonly completions: CompletionDeps;
}

export interface HttpDeps {
  /** A process that only works answers probes, and sends callers elsewhere. */
  readonly probesOnly: boolean;
  readonly bus: Bus;
  /** Also gives the clock, the hash and the profiles. */
  readonly submit: SubmitDeps;
  readonly workspaces: Workspaces;
  /** Takes the server's own secrets out of a text. */
  readonly redact: (text: string) => string;
  readonly drain: Draining;
  /** Of schemas/job-request.schema.json and schemas/job-retry.schema.json. */
  readonly checkers: { readonly jobRequest: Check; readonly jobRetry: Check };
  readonly mcp: McpParts;
  /** Empty, and no tokens: nobody is asked who they are. */
  readonly apiKeys: readonly ApiKey[];
  /** Set where clients may get tokens instead: where they do, and whose a token is. */
  readonly oauth?: {
    readonly routes: RequestHandler;
    readonly tokens: AccessTokens;
    /** Where people see this server. */
    readonly origin: string;
  };
  readonly allowQueryKey: boolean;
  readonly allowUnauthenticated: boolean;
  /** Web pages that may call; `*` is any. */
  readonly corsOrigins: readonly string[];
  /** Names under which the server answers besides its own where nobody is asked who they are. */
  readonly allowedHosts: readonly string[];
  /** Requests a minute of each caller; 0 is any number. */
  readonly rateLimitPerMinute: number;
  readonly limits: HttpLimits;
  readonly version: string;
  /** Further members of GET /health. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** Set where an agent is served. */
  readonly agent?: AgentCounters;
  /** All metrics of the process as Prometheus reads them. */
  readonly metricsPage: () => Promise<string>;
  /** Nobody is asked for a key to see it. */
  readonly publicMetrics: boolean;
  readonly meter: Meter;
  readonly readiness: () => Promise<Readiness>;
  readonly log: Log;
  readonly newRequestId: () => string;
  /** Aborted when the server closes: waiting requests are answered as things stand, event streams end. */
  readonly closing: AbortSignal;
}
