// claude's environment, built from nothing: what this process itself was started with never reaches the model's
// tools, and what the machine's user has configured never reaches claude.
import { join } from 'node:path';
import type { AgentOrder } from '../../../ports/agent.js';
import { TAG_VARIABLE } from '../../host/attempt/attempt-tag.js';
import { bareEnvironment, privatePlaces } from '../../host/attempt/bare-environment.js';

/** The directories of an attempt, all inside its jobDir. */
export interface AttemptDirectories {
  readonly home: string;
  readonly config: string;
  readonly tmp: string;
}

/** Where they are; made by `prepareAttempt`. */
export const attemptDirectories = (jobDir: string): AttemptDirectories => ({
  ...privatePlaces(jobDir),
  config: join(jobDir, 'claude'),
});

/** What an order may say otherwise. */
const DEFAULTS = {
  // Backoff 0.5, 1, 2 ... 37 s: eight tries are about a minute and a half, then the job's own retry takes over.
  CLAUDE_CODE_MAX_RETRIES: '8',
  // Time to the response's headers. A whole answer sent unstreamed (what claude falls back to when a stream was cut
  // mid-block, and why that fallback stays enabled) may take minutes to its headers.
  API_TIMEOUT_MS: '240000',
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_OTEL_SHUTDOWN_TIMEOUT_MS: '1000',
};

/** The whole environment of claude; `tag` marks it and every process that it starts. */
export function buildEnvironment(
  order: Pick<AgentOrder, 'jobDir' | 'env'>,
  tag: string,
  isRoot: boolean,
): Readonly<Record<string, string>> {
  const { config, tmp } = attemptDirectories(order.jobDir);
  return {
    ...DEFAULTS,
    ...bareEnvironment(order.jobDir, order.env),
    CLAUDE_CONFIG_DIR: config,
    CLAUDE_CODE_TMPDIR: tmp,
    DISABLE_AUTOUPDATER: '1',
    // A task is text: `@/etc/passwd` in it must not become a file.
    CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
    // How the driver knows that nothing is going on any more.
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
    // claude refuses bypassPermissions to root outside of what it is told to be a sandbox.
    ...(isRoot ? { IS_SANDBOX: '1' } : {}),
    [TAG_VARIABLE]: tag,
  };
}
