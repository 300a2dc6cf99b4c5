// What an agent is: its package, provisioned from somewhere, checked, laid out for Claude, and replaced while turns run.

export interface AgentPackage {
  /** The agent's name: a model id that callers may ask for. */
  readonly name: string;
  readonly description: string;
  /** Changes with every file of it. */
  readonly version: string;
  /** The model it runs on when the caller does not choose. */
  readonly model: string;
  /** Models that callers may choose, as `--model` takes them. */
  readonly models: readonly string[];
  /** system.md, CLAUDE.md and the capabilities block, merged. */
  readonly systemPrompt: { readonly mode: 'append' | 'replace'; readonly text: string };
  /** `--flag value` pairs for the CLI: turns, permissions, effort, tools ... */
  readonly flags: Readonly<Record<string, string | number | true | readonly string[]>>;
  /** Deadline of a turn, seconds. */
  readonly timeoutS: number;
  /** Names of variables passed through to claude. */
  readonly env: readonly string[];
  readonly settingSources: string;
  /** Where Claude works: a copy of the package of its own. */
  readonly cwd: string;
  /** Its CLAUDE_CONFIG_DIR (`claude/`), HOME (`home/`) and TMPDIR (`tmp/`). */
  readonly jobDir: string;
  /** Slash commands and skills it defines, without the slash. */
  readonly commands: readonly string[];
  /** Names of its MCP servers. */
  readonly mcpServers: readonly string[];
}

export interface PackageStore {
  /** What new conversations get. Running turns keep the version they began with. */
  current(): AgentPackage;
  /** Path of the MCP configuration without the servers named; undefined when no server is left. */
  mcpConfig(agent: AgentPackage, disabled: readonly string[]): Promise<string | undefined>;
  /** Looks whether there is a newer version where it came from, and swaps it in. True when it did. */
  sync(signal: AbortSignal): Promise<boolean>;
  /** Says on disk that its versions are in use, and removes those that nobody can use any more. Call it every few minutes. */
  tend(): Promise<void>;
}
