// What must lie on disk and in variables before claude can be started for an order.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asDiskFull, isDiskFull } from '../../../domain/disk-full.js';
import { AgenticoreError, messageOf } from '../../../domain/errors.js';
import type { AgentOrder } from '../../../ports/agent.js';
import { tagAsOurs } from '../../host/attempt/attempt-tag.js';
import { buildArgv } from './argv.js';
import { attemptDirectories, buildEnvironment } from './environment.js';

export interface PreparedAttempt {
  readonly tag: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the attempt's directories and its system prompt file. Throws BROKEN_PROFILE, DISK_FULL or WORKSPACE_FAILED. */
export async function prepareAttempt(order: AgentOrder): Promise<PreparedAttempt> {
  const tag = tagAsOurs(order.tag);
  const promptPath = join(order.jobDir, 'system-prompt.md');
  // Refused flags are found before anything is written.
  const argv = buildArgv(order, order.appendSystemPrompt === '' ? undefined : promptPath);
  await makeDirectories(order.jobDir);
  await orRefuse(writeFile(promptPath, order.appendSystemPrompt, { mode: 0o600 }));
  return { tag, argv, env: buildEnvironment(order, tag, isRoot()) };
}

/** Makes a jobDir and what is in it, for nobody else to read. Throws DISK_FULL or WORKSPACE_FAILED. */
export async function makeDirectories(jobDir: string): Promise<void> {
  for (const directory of [jobDir, ...Object.values(attemptDirectories(jobDir))]) {
    await orRefuse(mkdir(directory, { recursive: true, mode: 0o700 }));
    await orRefuse(chmod(directory, 0o700));
  }
}

/** True when claude has to be told that it is in a sandbox. */
export const isRoot = (): boolean => process.getuid?.() === 0;

async function orRefuse(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (isDiskFull(error)) throw asDiskFull(error);
    throw new AgenticoreError(
      'WORKSPACE_FAILED',
      `The job's directory cannot be prepared: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
