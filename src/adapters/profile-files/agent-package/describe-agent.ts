// What a package and the configuration make of an agent: the configuration's word counts, then the package's, then
// what is usual.
import { profileFlags } from '../../../domain/profile.js';
import type { AgentPackage } from '../../../ports/packages.js';
import { capabilitiesBlock } from './capabilities.js';
import type { PackageLayout } from './lay-out-package.js';
import type { PackageFolder } from './package-folder.js';

/** What the configuration says; undefined: the package decides. */
export interface PackageSettings {
  readonly model?: string | undefined;
  readonly maxTurns?: number | undefined;
  readonly permissionMode?: string | undefined;
  /** Deadline of a turn, seconds. */
  readonly timeoutS?: number | undefined;
  readonly appendSystemPrompt: boolean;
}

const USUAL_MODELS = ['sonnet', 'opus', 'haiku'];
const USUAL_TIMEOUT_S = 3600;

/** How Claude runs for this package, decided. */
export interface SettledSettings {
  readonly model: string;
  readonly permissionMode: string;
  readonly timeoutS: number;
  readonly mode: 'append' | 'replace';
  readonly flags: AgentPackage['flags'];
}

export function settingsFrom({ profile }: PackageFolder, settings: PackageSettings): SettledSettings {
  const { model = profile.claude.model ?? USUAL_MODELS[0], maxTurns, permissionMode } = settings;
  const { model: _, ...claude } = {
    ...profile.claude,
    ...(maxTurns === undefined ? {} : { max_turns: maxTurns }),
    ...(permissionMode === undefined ? {} : { permission_mode: permissionMode }),
  };
  return {
    model: model ?? 'sonnet',
    permissionMode: claude.permission_mode ?? 'bypassPermissions',
    timeoutS: settings.timeoutS ?? profile.timeoutS ?? USUAL_TIMEOUT_S,
    mode: settings.appendSystemPrompt ? 'append' : 'replace',
    flags: profileFlags(claude),
  };
}

/** The agent as the rest of the house knows it. */
export function describeAgent(
  folder: PackageFolder,
  settings: SettledSettings,
  version: string,
  layout: PackageLayout,
): AgentPackage {
  const { name, description, profile, servers, commands } = folder;
  const { model, permissionMode, mode, flags, timeoutS } = settings;
  const mcpServers = [...servers.keys()];
  const block = capabilitiesBlock({
    name,
    model,
    permissionMode,
    tools: profile.claude.tools == null ? undefined : namesIn(profile.claude.tools),
    disallowedTools: namesIn(profile.claude.disallowed_tools ?? []),
    mcpServers,
    commands,
  });
  return {
    name,
    description,
    version,
    model,
    models: [...new Set([model, ...(folder.models ?? USUAL_MODELS)])],
    systemPrompt: { mode, text: [folder.instructions, block].filter((text) => text !== '').join('\n\n') },
    flags,
    timeoutS,
    env: profile.env,
    // Only what was laid out for it: nothing that is written into the folder it works in becomes a setting.
    settingSources: 'user',
    cwd: layout.work,
    jobDir: layout.root,
    commands,
    mcpServers,
  };
}

function namesIn(tools: unknown): readonly string[] {
  const names = typeof tools === 'string' ? tools.split(',') : Array.isArray(tools) ? tools.map(String) : [];
  return names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'default');
}
