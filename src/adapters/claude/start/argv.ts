// claude's command line. What it is asked is never on it: argv is limited, visible to everybody on the host,
// and read as options.
import { AgenticoreError } from '../../../domain/errors.js';
import type { AgentOrder } from '../../../ports/agent.js';

/** Flags that the driver sets itself, or that would turn the process into something it cannot drive. */
const RESERVED = new Set([
  ...[
    'p',
    'print',
    'input-format',
    'output-format',
    'verbose',
    'include-partial-messages',
    'replay-user-messages',
  ],
  ...['session-id', 'r', 'resume', 'c', 'continue', 'fork-session', 'from-pr'],
  ...[
    'setting-sources',
    'mcp-config',
    'strict-mcp-config',
    'append-system-prompt',
    'append-system-prompt-file',
  ],
  ...[
    'permission-prompt-tool',
    'sdk-url',
    'bg',
    'background',
    'w',
    'worktree',
    'tmux',
    'remote-control',
    'ide',
    'chrome',
  ],
  ...['h', 'help', 'v', 'version', 'init-only', 'maintenance'],
]);

/** Flags that take one value each time; all others with several values take them joined by commas. */
const REPEATED = new Set(['add-dir', 'plugin-dir', 'plugin-url', 'file', 'betas']);

/** What of an order is said on the command line. */
export type CommandLineOrder = Pick<
  AgentOrder,
  'sessionId' | 'resumeFrom' | 'settingSources' | 'mcpConfigPath' | 'flags'
>;

/** The arguments after the binary. Throws BROKEN_PROFILE for a flag that is not the profile's to set. */
export function buildArgv(order: CommandLineOrder, systemPromptPath?: string): readonly string[] {
  return [
    '-p',
    '--input-format=stream-json',
    '--output-format=stream-json',
    '--verbose',
    '--include-partial-messages',
    order.resumeFrom === undefined ? `--session-id=${order.sessionId}` : `--resume=${order.resumeFrom}`,
    `--setting-sources=${order.settingSources}`,
    '--strict-mcp-config',
    ...(order.mcpConfigPath === undefined ? [] : [`--mcp-config=${order.mcpConfigPath}`]),
    ...(systemPromptPath === undefined ? [] : [`--append-system-prompt-file=${systemPromptPath}`]),
    ...Object.entries(order.flags).flatMap(([name, value]) => flagArguments(name, value)),
  ];
}

// Always `--flag=value`: a value may begin with a dash, and several flags would swallow what follows them.
function flagArguments(name: string, value: string | number | true | readonly string[]): readonly string[] {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name))
    throw new AgenticoreError('BROKEN_PROFILE', `claude.${name} is not the name of a flag of claude.`);
  if (RESERVED.has(name))
    throw new AgenticoreError(
      'BROKEN_PROFILE',
      `claude.${name} is set by agenticore itself; remove it from the profile.`,
    );
  if (value === true) return [`--${name}`];
  if (typeof value === 'string' || typeof value === 'number') return [`--${name}=${value}`];
  if (REPEATED.has(name)) return value.map((one) => `--${name}=${one}`);
  // No tools at all is a meaning of its own; an empty list of anything else says nothing.
  return value.length === 0 && name !== 'tools' ? [] : [`--${name}=${value.join(',')}`];
}
