// What must lie on disk and in variables before claude can be started for an order.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgenticoreError, messageOf } from '../../../domain/errors.js';
import type { AgentOrder } from '../../../ports/agent.js';
import { findProcess, type ProcessIdentity } from '../../host/process-table.js';
import { buildArgv } from './argv.js';
import { formatTag } from './attempt-tag.js';
import { attemptDirectories, buildEnvironment } from './environment.js';

export interface PreparedAttempt {
  readonly tag: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the attempt's directories and its system prompt file. Throws BROKEN_PROFILE or WORKSPACE_FAILED. */
export async function prepareAttempt(order: AgentOrder): Promise<PreparedAttempt> {
  const owner: ProcessIdentity = findProcess(process.pid) ?? { pid: process.pid, start: 0 };
  const tag = formatTag(order.tag, owner);
  const promptPath = join(order.jobDir, 'system-prompt.md');
  // Refused flags are found before anything is written.
  const argv = buildArgv(order, order.appendSystemPrompt === '' ? undefined : promptPath);
  try {
    for (const directory of [order.jobDir, ...Object.values(attemptDirectories(order.jobDir))]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
    }
    await writeFile(promptPath, order.appendSystemPrompt, { mode: 0o600 });
  } catch (error) {
    throw new AgenticoreError(
      'WORKSPACE_FAILED',
      `The job's directory cannot be prepared: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return { tag, argv, env: buildEnvironment(order, tag, process.getuid?.() === 0) };
}
