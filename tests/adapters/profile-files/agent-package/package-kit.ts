// What the tests of packages share: a folder written from texts, the store that takes it up, and what it said.
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createDirectorySource } from '../../../../src/adapters/profile-files/agent-package/package-directory.js';
import type { PackageChecks } from '../../../../src/adapters/profile-files/agent-package/package-documents.js';
import {
  openPackageStore,
  type PackageStoreOptions,
} from '../../../../src/adapters/profile-files/agent-package/package-store.js';
import type { Clock } from '../../../../src/ports/clock.js';
import type { PackageStore } from '../../../../src/ports/packages.js';
import { compileSchema } from '../../../../src/runtime/schema.js';
import { tempDir } from '../../../support/temp-dir.js';
import { type Files, writeFiles } from '../profile-kit.js';

export const CHECKS: PackageChecks = { profile: compileSchema('profile'), agent: compileSchema('agent') };

export type Fact = readonly [string, Readonly<Record<string, unknown>> | undefined];

export interface OpenedPackage {
  readonly store: PackageStore;
  /** The package's own folder. */
  readonly directory: string;
  readonly agentsDir: string;
  readonly facts: readonly Fact[];
  /** What its clock shows; move it on. */
  readonly time: { now: number };
}

/** Opens a package made of these files; `options` differ where a test is about them. */
export async function openFiles(
  t: TestContext,
  files: Files,
  options: Partial<PackageStoreOptions> = {},
): Promise<OpenedPackage> {
  const root = await tempDir(t);
  const directory = join(root, 'helper');
  await writeFiles(directory, files);
  const agentsDir = join(root, 'home/agents');
  const facts: Fact[] = [];
  const time = { now: 1_000_000 };
  const clock: Clock = { now: () => time.now, random: () => 0.5, sleep: () => Promise.resolve() };
  const store = await openPackageStore(
    {
      source: createDirectorySource(directory),
      agentsDir,
      settings: { appendSystemPrompt: true },
      checks: CHECKS,
      runnerEnvironment: () => ({ PATH: process.env.PATH ?? '' }),
      keepMs: 60_000,
      clock,
      log: (fact, fields) => facts.push([fact, fields]),
      ...options,
    },
    new AbortController().signal,
  );
  return { store, directory, agentsDir, facts, time };
}

export const never = (): AbortSignal => new AbortController().signal;
