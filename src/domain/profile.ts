// A profile: how Claude runs on a repository. Its keys and how a child overrides its parent.

export interface ClaudeSettings {
  readonly model?: string | null;
  readonly max_turns?: number | null;
  readonly permission_mode?: string | null;
  /** The attempt's deadline, seconds. */
  readonly timeout?: number | null;
  readonly effort?: string | null;
  readonly max_budget_usd?: number | null;
  readonly fallback_model?: string | null;
  readonly allowed_tools?: readonly string[] | string | null;
  readonly disallowed_tools?: readonly string[] | string | null;
  /** Anything else becomes `--anything-else value`. */
  readonly [flag: string]: string | number | boolean | readonly string[] | null | undefined;
}

/** The content of profile.yml, snake_case as people write it. Null means: back to the default, whatever the parent says. */
export interface ProfileDocument {
  readonly name?: string;
  readonly description?: string | null;
  readonly extends?: string | null;
  readonly auto_pr?: boolean | null;
  readonly claude?: ClaudeSettings | null;
  readonly pull_request?: PullRequestKeys | null;
  readonly retry?: { readonly max_attempts?: number | null; readonly backoff_s?: number | null } | null;
  readonly mcp?: {
    readonly allow?: readonly string[] | null;
    readonly deny?: readonly string[] | null;
  } | null;
  readonly trust_repository?: boolean | null;
  readonly env?: readonly string[] | null;
  readonly setup?: readonly string[] | null;
  readonly verify?: readonly string[] | null;
  readonly verify_attempts?: number | null;
  readonly guard?: GuardKeys | null;
}

/** How the pull request is opened; texts are templates (domain/pull-request). */
export interface PullRequestKeys {
  readonly draft?: boolean | null;
  readonly labels?: readonly string[] | null;
  readonly reviewers?: readonly string[] | null;
  readonly assignees?: readonly string[] | null;
  readonly title?: string | null;
  readonly body?: string | null;
  readonly base?: string | null;
}

/** What may not be pushed. */
export interface GuardKeys {
  /** Scan what the work adds for secrets. */
  readonly secrets?: boolean | null;
  /** Let the work change what the code host runs (.github/workflows and the like). */
  readonly allow_workflows?: boolean | null;
  readonly max_files?: number | null;
  readonly max_file_bytes?: number | null;
  readonly max_total_bytes?: number | null;
  /** Globs of paths that the work may not touch. */
  readonly deny_paths?: readonly string[] | null;
  /** Globs of paths in which a find of the secret scan is no secret (fixtures, documentation). */
  readonly allow_secrets_in?: readonly string[] | null;
}

/** A profile after its chain was merged and the defaults filled in. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly autoPr: boolean;
  readonly claude: ClaudeSettings;
  /** Undefined: the server's own deadline. */
  readonly timeoutS?: number;
  readonly maxAttempts: number;
  readonly backoffS: number;
  readonly mcp: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly trustRepository: boolean;
  readonly env: readonly string[];
  readonly pullRequest: PullRequestPolicy;
  /** Commands run in the worktree before claude, and after it. */
  readonly setup: readonly string[];
  readonly verify: readonly string[];
  /** How often a failed verification is fed back before the job fails. */
  readonly verifyAttempts: number;
  readonly guard: GuardPolicy;
}

export interface PullRequestPolicy {
  readonly draft: boolean;
  readonly labels: readonly string[];
  readonly reviewers: readonly string[];
  readonly assignees: readonly string[];
  readonly title?: string;
  readonly body?: string;
  readonly base?: string;
}

export interface GuardPolicy {
  readonly secrets: boolean;
  readonly allowWorkflows: boolean;
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  readonly denyPaths: readonly string[];
  readonly allowSecretsIn: readonly string[];
}

/** What profile.yml means where it says nothing. */
const PROFILE_DEFAULTS = {
  auto_pr: true,
  claude: { model: 'sonnet', max_turns: 80, permission_mode: 'bypassPermissions' },
  retry: { max_attempts: 3, backoff_s: 30 },
  trust_repository: false,
  verify_attempts: 3,
  guard: {
    secrets: true,
    allow_workflows: false,
    max_files: 1000,
    max_file_bytes: 5 * 1024 * 1024,
    max_total_bytes: 50 * 1024 * 1024,
    deny_paths: [],
    allow_secrets_in: [],
  },
} as const;

/**
 * Merges documents from the root of the `extends` chain to the profile itself: per key, the child wins; a child's null
 * sets the key back to its default.
 */
export function mergeProfiles(name: string, chain: readonly ProfileDocument[]): Profile {
  const own = overlay(chain);
  const claude = { ...PROFILE_DEFAULTS.claude, ...overlay(sections(chain, 'claude')) };
  const retry = overlay(sections(chain, 'retry'));
  const { allow, deny } = overlay(sections(chain, 'mcp'));
  return {
    name,
    description: own.description ?? '',
    autoPr: own.auto_pr ?? PROFILE_DEFAULTS.auto_pr,
    claude,
    ...(claude.timeout == null ? {} : { timeoutS: claude.timeout }),
    maxAttempts: retry.max_attempts ?? PROFILE_DEFAULTS.retry.max_attempts,
    backoffS: retry.backoff_s ?? PROFILE_DEFAULTS.retry.backoff_s,
    mcp: { ...(allow == null ? {} : { allow }), ...(deny == null ? {} : { deny }) },
    trustRepository: own.trust_repository ?? PROFILE_DEFAULTS.trust_repository,
    env: own.env ?? [],
    pullRequest: pullRequestPolicy(overlay(sections(chain, 'pull_request'))),
    setup: own.setup ?? [],
    verify: own.verify ?? [],
    verifyAttempts: own.verify_attempts ?? PROFILE_DEFAULTS.verify_attempts,
    guard: guardPolicy(overlay(sections(chain, 'guard'))),
  };
}

const pullRequestPolicy = ({ draft, labels, reviewers, assignees, title, body, base }: PullRequestKeys) => ({
  draft: draft ?? false,
  labels: labels ?? [],
  reviewers: reviewers ?? [],
  assignees: assignees ?? [],
  ...(title == null ? {} : { title }),
  ...(body == null ? {} : { body }),
  ...(base == null ? {} : { base }),
});

function guardPolicy(keys: GuardKeys): GuardPolicy {
  const defaults = PROFILE_DEFAULTS.guard;
  return {
    secrets: keys.secrets ?? defaults.secrets,
    allowWorkflows: keys.allow_workflows ?? defaults.allow_workflows,
    maxFiles: keys.max_files ?? defaults.max_files,
    maxFileBytes: keys.max_file_bytes ?? defaults.max_file_bytes,
    maxTotalBytes: keys.max_total_bytes ?? defaults.max_total_bytes,
    denyPaths: keys.deny_paths ?? defaults.deny_paths,
    allowSecretsIn: keys.allow_secrets_in ?? defaults.allow_secrets_in,
  };
}

/** One section of every document; a null one sets all of it back, so that what stands before it no longer counts. */
function sections<K extends 'claude' | 'retry' | 'mcp' | 'pull_request' | 'guard'>(
  chain: readonly ProfileDocument[],
  key: K,
): readonly NonNullable<ProfileDocument[K]>[] {
  const since = chain.findLastIndex((document) => document[key] === null) + 1;
  return chain
    .slice(since)
    .map((document) => document[key])
    .filter((section): section is NonNullable<ProfileDocument[K]> => section != null);
}

/** Per key, the last layer that has it wins; null takes the key away. */
function overlay<T extends object>(layers: readonly T[]): T {
  const given = layers.flatMap((layer) => Object.entries(layer)).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...new Map(given)].filter(([, value]) => value !== null)) as T;
}

/** The keys of `claude:` that are no flags of the CLI. */
const NOT_FLAGS = new Set(['timeout']);

/** `--flag value` pairs for the CLI; null, false and empty are omitted, `model: default` leaves the model to the CLI. */
export function profileFlags(
  claude: ClaudeSettings,
): Record<string, string | number | true | readonly string[]> {
  const flags: Record<string, string | number | true | readonly string[]> = {};
  for (const [key, value] of Object.entries(claude)) {
    if (NOT_FLAGS.has(key) || value === null || value === undefined || value === false || value === '')
      continue;
    if (key === 'model' && value === 'default') continue;
    flags[FLAG_NAMES[key] ?? key.replaceAll('_', '-')] = value;
  }
  return flags;
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  allowed_tools: 'allowedTools',
  disallowed_tools: 'disallowedTools',
};
