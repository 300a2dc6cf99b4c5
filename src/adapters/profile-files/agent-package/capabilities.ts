// The block of the system prompt that tells Claude what this instance really has, so that it neither denies nor
// invents it.

export interface Capabilities {
  readonly name: string;
  readonly model: string;
  readonly permissionMode: string;
  /** Undefined: all of claude's. */
  readonly tools: readonly string[] | undefined;
  readonly disallowedTools: readonly string[];
  readonly mcpServers: readonly string[];
  readonly commands: readonly string[];
}

/** The block, as Markdown. */
export function capabilitiesBlock(agent: Capabilities): string {
  const lines = [
    `You are the agent \`${agent.name}\`. You run on the model \`${agent.model}\` unless the caller chose another one.`,
    'You talk with people through a chat client. What you write reaches them at once, while you are writing it; they read Markdown, and see your tool calls only if they ask for that.',
    'Nobody sits at a terminal here, and nobody can be asked for a permission in the middle of an answer.',
    toolsLine(agent),
    agent.mcpServers.length === 0
      ? 'You have no MCP servers.'
      : `Your MCP servers: ${list(agent.mcpServers)}. A conversation may have been given fewer; then their tools are not there.`,
    agent.commands.length === 0
      ? 'You define no skills or slash commands of your own.'
      : `Your skills and slash commands: ${list(agent.commands.map((name) => `/${name}`))}.`,
    'Your working directory is a copy of your own files, and all of your conversations work in it. What you write there stays until you are updated; what must last longer has to go elsewhere. Put nothing there that other people must not see.',
  ];
  return `# What you have here\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function toolsLine({ tools, disallowedTools, permissionMode }: Capabilities): string {
  const without = disallowedTools.length === 0 ? '' : `, without ${list(disallowedTools)}`;
  const which =
    tools === undefined
      ? "You have Claude Code's tools"
      : tools.length === 0
        ? 'You have no built-in tools'
        : `Your built-in tools: ${list(tools)}`;
  const how =
    permissionMode === 'bypassPermissions'
      ? 'they run without being asked about'
      : 'what would have to be asked about is denied';
  return `${which}${without}; ${how}.`;
}

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
