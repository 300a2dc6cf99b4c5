// Stand-ins for the machines around an attempt: a claude and a workspace that do what a test tells them. The bus is
// real (files in a temp folder), because what an attempt is about is what it leaves there.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openFileBus } from '../../src/adapters/file/open-file-bus.js';
import { matchPaths } from '../../src/adapters/globs/match-paths.js';
import { sha256 } from '../../src/adapters/host/sha256.js';
import { systemClock } from '../../src/adapters/host/system-clock.js';
import { createSpools } from '../../src/adapters/job-files/spools.js';
import { createSecretScanner } from '../../src/adapters/secret-scan/create-secret-scanner.js';
import type { AttemptDeps } from '../../src/app/attempt/attempt.js';
import { createLeases } from '../../src/app/loops/lease.js';
import { AgenticoreError } from '../../src/domain/errors.js';
import { mergeProfiles, type ProfileDocument } from '../../src/domain/profile.js';
import type { Agent, AgentEnd, AgentListener, AgentOrder } from '../../src/ports/agent.js';
import type { Bus } from '../../src/ports/bus.js';
import type { ProfileStore } from '../../src/ports/profile-store.js';
import type { CommandEnd, CommandOrder } from '../../src/ports/programs.js';
import type { Work } from '../../src/ports/work.js';
import type { Workspace, WorkspaceOrder } from '../../src/ports/workspace.js';
import { createRedactor } from '../../src/runtime/redact.js';
import { createStreamRedactor } from '../../src/runtime/redact-stream.js';
import { tempDir } from '../support/temp-dir.js';

export const LEASE_MS = 60_000;
/** What the worker must never show. */
export const OWN_SECRET = 's3cret-of-this-server-0001';
export const SECRETS = ['s3cret', OWN_SECRET];

/** What a scripted claude does; the default says one thing and succeeds. */
export type Act = (order: AgentOrder, listener: AgentListener, signal: AbortSignal) => Promise<AgentEnd>;

export const report = { exitCode: 0, costUsd: 0.1, numTurns: 2, answer: 'It is done.' } as const;

export const say = (listener: AgentListener, text: string): Promise<void> | void => {
  const message = { type: 'assistant', message: { content: [{ type: 'text', text }] } };
  return listener.message({ type: 'assistant', message, line: JSON.stringify(message) });
};

export const succeed: Act = async (_order, listener) => {
  listener.started(4711);
  await say(listener, 'Hello.');
  return { kind: 'succeeded', ...report };
};

const pass = async (): Promise<CommandEnd> => ({ kind: 'exited', exitCode: 0, output: '' });

/** A claude that works until it is stopped. */
export const workUntilStopped: Act = async (_order, listener, signal) => {
  listener.started(4711);
  await new Promise<void>((resolve) => {
    if (signal.aborted)
      resolve(); // a short lease may be lost before we got here
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return { kind: 'stopped', ...report, exitCode: null };
};

export interface Stage {
  readonly deps: AttemptDeps;
  readonly bus: Bus;
  /** Orders that claude got. */
  readonly orders: AgentOrder[];
  /** What happened at the workspace, in order: `open <branch>`, `run <command>`, `commit`, `push`, `close`. */
  readonly deeds: string[];
  close(): Promise<void>;
}

export interface Setting {
  readonly act?: Act;
  readonly profile?: ProfileDocument;
  /** How a command of the profile ends; well. */
  readonly command?: (order: CommandOrder, signal: AbortSignal) => Promise<CommandEnd>;
  readonly commitOid?: string | undefined;
  /** What the push would give away, as path -> content; nothing. */
  readonly work?: Readonly<Record<string, string>>;
  /** Texts that stand in the base. */
  readonly base?: readonly string[];
  /** Hears the message for what was left uncommitted. */
  readonly committing?: (message: string) => void;
  readonly push?: () => Promise<void>;
  /** The repository's template for pull requests; it has none. */
  readonly template?: string;
  /** Whether the worktree of an earlier attempt is still fit; it is. */
  readonly isKept?: boolean;
  /** Whether the commit of an earlier attempt is still there; it is. */
  readonly isResumed?: boolean;
  /** Whether it is sure that nothing of an earlier attempt runs; it is. */
  readonly isSwept?: boolean;
  /** The session file that is found; none. */
  readonly session?: string | undefined;
  readonly over?: Partial<AttemptDeps>;
}

/** A worker's deps with a real file bus, a scripted claude and a workspace that only notes what is done to it. */
export async function setStage(setting: Setting = {}): Promise<Stage> {
  const home = await tempDir();
  const bus = await openFileBus({ home, leaseMs: LEASE_MS });
  const orders: AgentOrder[] = [];
  const deeds: string[] = [];
  const agent: Agent = {
    run(order, listener, signal) {
      orders.push(order);
      return (setting.act ?? succeed)(order, listener, signal);
    },
    endLeftovers: async () => setting.isSwept ?? true,
  };
  const deps: AttemptDeps = {
    events: bus.events,
    transcript: bus.transcript,
    spools: createSpools(join(home, 'spools')),
    feed: bus.feed,
    breaker: bus.breaker,
    credential: 'c0ffee',
    clock: systemClock,
    hash: sha256,
    agent,
    programs: {
      run(order, signal) {
        deeds.push(`run ${order.command}`);
        return (setting.command ?? pass)(order, signal);
      },
    },
    workspaces: {
      open: async (order) => workspace(order, deeds, setting),
      diff: async () => undefined,
      sweep: async () => {},
      tend: async () => {},
    },
    profiles: profileStore(setting.profile ?? {}),
    directories: {
      prepare: async (jobId) => ({
        root: `/jobs/${jobId}`,
        configDir: `/jobs/${jobId}/claude`,
        emptyDir: `/jobs/${jobId}/cwd`,
      }),
      tidy: async () => {},
      remove: async () => {},
      untouched: async () => [],
      findSession: async () => setting.session,
    },
    codeHosts: [],
    environment: () => ({ ANTHROPIC_API_KEY: 'for claude' }),
    commandEnvironment: () => ({ CITY: 'Bern' }),
    redact: createRedactor(SECRETS),
    openFlow: () => createStreamRedactor(SECRETS),
    secretScanner: createSecretScanner(() => SECRETS),
    matchPaths,
    newId: randomUUID,
    log: () => {},
    worker: 'worker-1',
    host: 'host-1',
    leases: createLeases({ clock: systemClock, leaseMs: LEASE_MS, log: () => {} }),
    timeoutS: 3600,
    ...setting.over,
  };
  return { deps, bus, orders, deeds, close: () => bus.close() };
}

/** A store that knows the profile `code` alone. */
export function profileStore(document: ProfileDocument): ProfileStore {
  return {
    list: async () => [{ name: 'code', description: '', source: 'test' }],
    async load(name) {
      if (name !== 'code') throw new AgenticoreError('UNKNOWN_PROFILE');
      return mergeProfiles('code', [document]);
    },
    materialise: async () => ({ instructions: 'Work carefully.' }),
    repository: async () => undefined,
    sync: async () => {},
  };
}

function workspace(order: WorkspaceOrder, deeds: string[], setting: Setting): Workspace {
  const where = order.resumeFrom ? ` at ${order.resumeFrom}` : '';
  deeds.push(`open ${order.branch}${where}${order.goOnFrom ? ` of attempt ${order.goOnFrom}` : ''}`);
  const note = (deed: string) => async () => {
    deeds.push(deed);
  };
  return {
    path: '/worktrees/w',
    branch: order.branch,
    baseRef: order.baseRef ?? 'main',
    baseOid: 'base0',
    resumed: order.resumeFrom !== undefined && (setting.isResumed ?? true),
    kept: order.goOnFrom !== undefined && (setting.isKept ?? true),
    instructions: async () => 'Tabs, not spaces.',
    pullRequestTemplate: async () => setting.template,
    async commit(message) {
      deeds.push('commit');
      setting.committing?.(message);
      return { oid: 'commitOid' in setting ? setting.commitOid : 'c0ffee', leftUncommitted: false };
    },
    work: async () => workOf(setting),
    async push() {
      deeds.push('push');
      await setting.push?.();
    },
    snapshot: note('snapshot'),
    restore: note('restore'),
    keep: note('keep'),
    close: note('close'),
  };
}

/** Work of one commit; each file's path is its content's id. */
function workOf({ work: files = {}, base = [] }: Setting): Work {
  const changes = Object.keys(files).map((path) => ({ commit: 'c0ffee', path, oid: path }));
  return {
    commits: new Map(),
    blobs: new Map(Object.entries(files).map(([path, text]) => [path, text.length])),
    changes,
    difference: changes,
    isCut: false,
    async *read(oids) {
      for (const oid of oids) yield { oid, bytes: Buffer.from(files[oid] ?? '') };
    },
    inBase: async (texts) => new Set(texts.filter((text) => base.includes(text))),
  };
}
