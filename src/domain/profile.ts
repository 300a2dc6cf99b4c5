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

/** The content of profile.yml, snake_case as people write it. */
export interface ProfileDocument {
  readonly name?: string;
  readonly description?: string;
  readonly extends?: string;
  readonly auto_pr?: boolean;
  readonly claude?: ClaudeSettings;
  readonly pull_request?: Readonly<Record<string, unknown>>;
  readonly retry?: { readonly max_attempts?: number; readonly backoff_s?: number };
  readonly mcp?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly trust_repository?: boolean;
  readonly env?: readonly string[];
  readonly setup?: readonly string[];
  readonly verify?: readonly string[];
  readonly verify_attempts?: number;
}

/** A profile after its chain was merged and the defaults filled in. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly autoPr: boolean;
  readonly claude: ClaudeSettings;
  readonly timeoutS: number;
  readonly maxAttempts: number;
  readonly backoffS: number;
  readonly mcp: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly trustRepository: boolean;
  readonly env: readonly string[];
}

/** What profile.yml means where it says nothing. */
export const PROFILE_DEFAULTS = {
  auto_pr: true,
  claude: { model: 'sonnet', max_turns: 80, permission_mode: 'bypassPermissions', timeout: 3600 },
  retry: { max_attempts: 3, backoff_s: 30 },
  trust_repository: false,
} as const;

/** Merges documents from the root of the `extends` chain to the profile itself: per key, the child wins. */
export function mergeProfiles(name: string, chain: readonly ProfileDocument[]): Profile {
  const claude: ClaudeSettings = Object.assign(
    {},
    PROFILE_DEFAULTS.claude,
    ...chain.map((document) => document.claude),
  );
  const retry = Object.assign({}, PROFILE_DEFAULTS.retry, ...chain.map((document) => document.retry));
  const own: ProfileDocument = Object.assign({}, PROFILE_DEFAULTS, ...chain);
  return {
    name,
    description: own.description ?? '',
    autoPr: own.auto_pr ?? PROFILE_DEFAULTS.auto_pr,
    claude,
    timeoutS: claude.timeout ?? PROFILE_DEFAULTS.claude.timeout,
    maxAttempts: retry.max_attempts,
    backoffS: retry.backoff_s,
    mcp: Object.assign({}, ...chain.map((document) => document.mcp)),
    trustRepository: own.trust_repository ?? false,
    env: own.env ?? [],
  };
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
