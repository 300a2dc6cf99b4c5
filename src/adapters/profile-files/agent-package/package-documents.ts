// The two documents of a package: agent.yml says who the agent is, profile.yml how Claude runs. Either may be missing.
import { dirname, join } from 'node:path';
import type { Check, ErrorDetail } from '../../../domain/errors.js';
import type { ClaudeSettings, ProfileDocument } from '../../../domain/profile.js';
import { readYamlFile } from '../profile-folder.js';

/** The schemas of the two documents. */
export interface PackageChecks {
  readonly profile: Check;
  readonly agent: Check;
}

/** The content of agent.yml. */
export interface AgentDocument {
  readonly name?: string;
  readonly description?: string | null;
  readonly models?: readonly string[] | null;
  readonly claude?: { readonly [key: string]: string | null } | null;
}

export interface PackageDocuments {
  readonly agent: AgentDocument;
  readonly profile: ProfileDocument;
  readonly unused: readonly string[];
  readonly faults: readonly ErrorDetail[];
}

/** Keys about repositories and attempts, which an agent has none of. */
const OF_REPOSITORIES = [
  'auto_pr',
  'pull_request',
  'retry',
  'trust_repository',
  'setup',
  'verify',
  'verify_attempts',
  'guard',
] as const;

/**
 * Reads both from `folder`, a real path; an empty document stands for a missing one. `beside`: where agent.yml lies when
 * it is not in the folder.
 */
export async function readDocuments(
  folder: string,
  checks: PackageChecks,
  beside: string | undefined,
): Promise<PackageDocuments> {
  const profileYml = join(folder, 'profile.yml');
  const agentYml = join(folder, 'agent.yml');
  const agent =
    (await readYamlFile<AgentDocument>(agentYml, folder, checks.agent)) ??
    (beside === undefined
      ? undefined
      : await readYamlFile<AgentDocument>(beside, dirname(beside), checks.agent));
  const profile = await readYamlFile<ProfileDocument>(profileYml, folder, checks.profile);
  const document = profile?.document ?? {};
  const own = [
    ...faultsOf(agentYml, agent?.document.claude ?? {}),
    ...faultsOf(profileYml, document.claude ?? {}),
  ];
  if (document.extends != null) {
    const message = 'is not allowed: a package stands alone; copy what it needs of the profile into it';
    own.push({ path: `${profileYml}: extends`, message });
  }
  return {
    agent: agent?.document ?? {},
    profile: document,
    unused: OF_REPOSITORIES.filter((key) => document[key] != null),
    faults: [...(agent?.faults ?? []), ...(profile?.faults ?? []), ...own],
  };
}

/** Settings of Claude that have another place in a package. */
function faultsOf(file: string, claude: ClaudeSettings): readonly ErrorDetail[] {
  const prompts = Object.keys(claude).filter((key) => key.startsWith('system_prompt'));
  const faults = prompts.map((key) => [key, 'is not allowed: write it into system.md'] as const);
  const model = ['model', 'must name a model: callers are told which one answers'] as const;
  return [...(claude.model === 'default' ? [model] : []), ...faults].map(([key, message]) => ({
    path: `${file}: claude.${key}`,
    message,
  }));
}
