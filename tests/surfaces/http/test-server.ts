// A real HTTP server over a real file bus, with the few collaborators that are not of this surface held still.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { openFileBus } from '../../../src/adapters/file/open-file-bus.js';
import { sha256 } from '../../../src/adapters/host/sha256.js';
import { systemClock } from '../../../src/adapters/host/system-clock.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import { mergeProfiles } from '../../../src/domain/profile.js';
import type { Bus } from '../../../src/ports/bus.js';
import type { LogLevel } from '../../../src/ports/log.js';
import type { ProfileStore } from '../../../src/ports/profile-store.js';
import { checkOf, compileSchema, readSchema } from '../../../src/runtime/schema.js';
import { hashApiKeys } from '../../../src/surfaces/http/api-keys.js';
import { createHttpApp } from '../../../src/surfaces/http/app.js';
import { DEFAULT_HTTP_LIMITS, type HttpDeps, type HttpLimits } from '../../../src/surfaces/http/http-deps.js';
import { type Listening, type ListenOptions, listen } from '../../../src/surfaces/http/listen.js';
import { DEFAULT_MCP_LIMITS, type McpLimits } from '../../../src/surfaces/mcp/mcp-deps.js';
import type { Shelf } from '../../../src/surfaces/mcp/shelf.js';
import { publicCourier } from '../../support/courier.js';
import { deafMeter } from '../../support/meter.js';
import { tempDir } from '../../support/temp-dir.js';
import { watchAnswers } from '../../support/watched-answers.js';

export interface LoggedFact {
  readonly fact: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly level: LogLevel;
}

export interface TestServer extends Listening {
  /** Where its bus on files is. */
  readonly home: string;
  readonly bus: Bus;
  readonly deps: HttpDeps;
  readonly facts: LoggedFact[];
  /** How many bells hang: readers that follow a feed. */
  watchers(): number;
}

interface Scope {
  after(done: () => Promise<void>): void;
}

export interface TestServerOptions {
  readonly apiKeys?: readonly string[];
  readonly allowQueryKey?: boolean;
  readonly limits?: Partial<HttpLimits>;
  readonly mcpLimits?: Partial<McpLimits>;
  /** What MCP offers besides. */
  readonly shelves?: readonly Shelf[];
  readonly maxQueued?: number;
  readonly listen?: Partial<ListenOptions>;
  readonly change?: (deps: HttpDeps) => HttpDeps;
  readonly wrapBus?: (bus: Bus) => Bus;
  /** A bus of a fleet, instead of one on files. */
  readonly openBus?: () => Promise<Bus>;
}

/** Starts a server on a free port; everything is closed and removed when the test is over. */
export async function startTestServer(t: Scope, options: TestServerOptions = {}): Promise<TestServer> {
  const home = await tempDir();
  const counted = countWatchers(await (options.openBus?.() ?? openFileBus({ home, leaseMs: 600_000 })));
  const bus = options.wrapBus?.(counted.bus) ?? counted.bus;
  let closeServer = async (): Promise<void> => {};
  t.after(async () => {
    await closeServer().finally(async () => {
      await bus.close();
      await rm(home, { recursive: true, force: true });
    });
  });
  const facts: LoggedFact[] = [];
  const closing = new AbortController();
  const plain: HttpDeps = {
    bus,
    submit: {
      events: bus.events,
      clock: systemClock,
      hash: sha256,
      profiles,
      newId: randomUUID,
      accepting: () => true,
      redactTask: (task) => task.replaceAll('hunter2', '[redacted]'),
      courier: publicCourier,
      checkFilePath: async () => {
        throw new AgenticoreError('FILE_PATH_REFUSED');
      },
      policy: {
        defaultProfile: 'code',
        lane: 'jobs',
        maxQueued: options.maxQueued ?? 1000,
        jobTtlS: 86_400,
        queueTtlS: 86_400,
        maxAttempts: 3,
        repoUrls: { allowedProtocols: ['https', 'ssh'] },
      },
    },
    workspaces: {
      open: () => Promise.reject(new Error('no attempt is run here')),
      diff: async ({ base, head }) => `diff ${base}..${head} s3cret\n`,
      sweep: async () => {},
      tend: async () => {},
    },
    redact: (text) => text.replaceAll('s3cret', '[redacted]'),
    drain: { begin: () => {}, state: () => ({ draining: false, idle: false, running: [] }) },
    checkers: { jobRequest: compileSchema('job-request'), jobRetry: compileSchema('job-retry') },
    mcp: {
      schemas: { read: readSchema, check: checkOf },
      limits: { ...DEFAULT_MCP_LIMITS, ...options.mcpLimits },
      more: options.shelves ?? [],
    },
    apiKeys: hashApiKeys(options.apiKeys ?? []),
    allowQueryKey: options.allowQueryKey ?? false,
    allowUnauthenticated: false,
    corsOrigins: [],
    allowedHosts: [],
    rateLimitPerMinute: 0,
    limits: { ...DEFAULT_HTTP_LIMITS, ...options.limits },
    version: '0.0.0-test',
    health: () => ({}),
    metricsPage: async () => '# nothing',
    publicMetrics: false,
    meter: deafMeter,
    readiness: async () => ({ ready: true, reasons: [] }),
    log: (fact, fields = {}, level = 'info') => facts.push({ fact, fields, level }),
    newRequestId: randomUUID,
    probesOnly: false,
    closing: closing.signal,
  };
  const deps = options.change?.(plain) ?? plain;
  const watched = watchAnswers(createHttpApp(deps));
  const listening = await listen(watched.listener, {
    host: '127.0.0.1',
    port: 0,
    closing,
    newRequestId: randomUUID,
    ...options.listen,
  });
  closeServer = async () => {
    await listening.close();
    watched.assertDescribed();
  };
  return { ...listening, home, bus, deps, facts, watchers: counted.watchers };
}

const PROFILES = ['code', 'review'] as const;

const profiles: ProfileStore = {
  repository: async () => undefined,
  sync: async () => {},
  list: async () => [
    ...PROFILES.map((name) => ({
      name,
      description: `${name} things`,
      source: `/profiles/${name}`,
      ...(name === 'review' ? { extends: 'code' } : {}),
      profile: mergeProfiles(name, [{ claude: { effort: 'high' } }]),
    })),
    { name: 'bad', description: '', source: '/profiles/bad', error: 'profile.yml: claude must be a map' },
  ],
  load: async (name) => {
    if (name === 'bad') throw new AgenticoreError('BROKEN_PROFILE');
    if (!PROFILES.some((known) => known === name)) {
      throw new AgenticoreError(
        'UNKNOWN_PROFILE',
        `There is no profile ${name}; known: ${PROFILES.join(', ')}.`,
      );
    }
    return mergeProfiles(name, []);
  },
  materialise: () => Promise.reject(new Error('no attempt is run here')),
};

function countWatchers(bus: Bus): { readonly bus: Bus; watchers(): number } {
  let watchers = 0;
  const watch: Bus['feed']['watch'] = async (feed, ring) => {
    const unwatch = await bus.feed.watch(feed, ring);
    watchers += 1;
    return () => {
      watchers -= 1;
      unwatch();
    };
  };
  return { bus: { ...bus, feed: { ...bus.feed, watch } }, watchers: () => watchers };
}

/** What a test looks at: the body of an answer as JSON, of whatever shape. */
export type Json = Record<string, unknown>;

export async function jsonOf(response: Response): Promise<Json> {
  return (await response.json()) as Json;
}

/** The job of an answer. */
export async function jobOf(response: Response): Promise<Json> {
  const { job } = (await response.json()) as { job: Json };
  return job;
}

/** Sends a body as JSON. */
export const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
