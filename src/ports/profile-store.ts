// Profiles: found, merged, and laid out for one attempt.
import type { Profile } from '../domain/profile.js';

export interface ProfileSummary {
  readonly name: string;
  readonly description: string;
  readonly source: string; // the directory it comes from
  /** The parent it names, if it names one. */
  readonly extends?: string;
  /** Why it cannot be used, when it cannot. */
  readonly error?: string;
  readonly profile?: Profile;
}

export interface MaterialisedProfile {
  /** system.md and CLAUDE.md texts of the profile, in order, to be appended to the system prompt. */
  readonly instructions: string;
  readonly mcpConfigPath?: string;
}

/** Where the git repository of profiles stands, if the configuration names one. */
export interface RepositoryStanding {
  /** For people; never a credential. */
  readonly place: string;
  /** The commit whose profiles count; undefined while none was fetched. */
  readonly revision?: string;
  readonly fetchedAt?: number; // epoch milliseconds
  /** When it was last asked for something newer. */
  readonly checkedAt?: number;
  /** Why that failed, when it did: the profiles stay those of `revision`. */
  readonly error?: string;
}

/** MCP servers that come from elsewhere; the profile's `mcp.allow` and `mcp.deny` hold for them too. */
export interface MoreServers {
  /** A trusted repository, checked out here: those of its .mcp.json are added, but the profile's own win. */
  readonly trustedRepository?: string;
  /** The caller's own .mcp.json, whose servers win. */
  readonly extraMcpFile?: string;
}

export interface ProfileStore {
  /** Every profile found, broken ones with their error; a broken one never hides the others. */
  list(): Promise<readonly ProfileSummary[]>;
  /** The merged profile. Throws UNKNOWN_PROFILE (naming the known ones) or BROKEN_PROFILE (file, path, what is allowed). */
  load(name: string): Promise<Profile>;
  /**
   * Lays the merged profile out in `configDir` (Claude's configuration directory for this attempt), never in the
   * repository.
   */
  materialise(name: string, configDir: string, servers?: MoreServers): Promise<MaterialisedProfile>;
  /** Undefined when there is no git repository of profiles. */
  repository(): Promise<RepositoryStanding | undefined>;
  /** Takes up what that repository has now. Rejects only with the signal's reason. */
  sync(signal: AbortSignal): Promise<void>;
}
