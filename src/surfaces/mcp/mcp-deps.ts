// What MCP is built from: the same use cases and facts as REST, and the schemas that tools show to models.
import type { SubmitDeps } from '../../app/submit-job.js';
import type { Check } from '../../domain/errors.js';
import type { JsonRecord } from '../../domain/json-record.js';
import type { Bus } from '../../ports/bus.js';
import type { Log } from '../../ports/log.js';
import type { Workspaces } from '../../ports/workspace.js';
import type { CompletionDeps } from '../completions/completion-routes.js';
import type { Shelf } from './shelf.js';

export interface Schemas {
  /** `schemas/<name>.schema.json`. */
  read(name: string): JsonRecord;
  /** Throws when the schema is faulty. */
  check(schema: JsonRecord): Check;
}

/** What MCP needs besides what every counter has. */
export interface McpParts {
  readonly schemas: Schemas;
  readonly limits: McpLimits;
  /** What is offered besides the fleet or the agent. */
  readonly more?: readonly Shelf[];
}

export interface McpDeps {
  readonly bus: Bus;
  readonly submit: SubmitDeps;
  readonly workspaces: Workspaces;
  /** Takes secrets out of what is read from a repository. */
  readonly redact: (text: string) => string;
  readonly limits: {
    readonly maxBodyBytes: number;
    readonly maxWaitMs: number;
    readonly keepAliveMs: number;
    readonly stallMs: number;
  };
  readonly log: Log;
  readonly version: string;
  readonly newRequestId: () => string;
  readonly closing: AbortSignal;
  /** Set where an agent is served. */
  readonly agent?: { readonly completions: CompletionDeps };
  readonly mcp: McpParts;
}

export interface McpLimits {
  /** Clients that are served at a time by this process. */
  readonly maxVisits: number;
  /** How long a visit lasts without a request. */
  readonly visitTtlMs: number;
  /** How long what this process holds for a visit is kept without a request. */
  readonly idleMs: number;
  /** Resources that one client follows. */
  readonly maxFollowed: number;
}

export const DEFAULT_MCP_LIMITS: McpLimits = {
  maxVisits: 1_000,
  visitTtlMs: 24 * 60 * 60_000,
  idleMs: 10 * 60_000,
  maxFollowed: 64,
};
