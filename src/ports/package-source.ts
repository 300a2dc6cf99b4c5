// Where a package comes from: a folder of this host, or a git repository, of one agent or of many.

/** A package as it was found, until it is closed. */
export interface FetchedPackage {
  /** Its folder; only to be read. */
  readonly directory: string;
  /** How people know that folder: what faults of its files are named with. */
  readonly shownAs: string;
  /** The state of the source that this is. Undefined where only a look at the files tells. */
  readonly revision: string | undefined;
  /** What an agent is called whose files do not say. */
  readonly name: string | undefined;
  /** Its agent.yml, where that lies beside the folder instead of in it. */
  readonly agentFile?: string;
  /** Takes away what was fetched. */
  close(): Promise<void>;
}

export interface PackageSource {
  /** For people; never a credential. */
  readonly place: string;
  /**
   * What is there now; undefined when that is still the revision `known`. Throws BROKEN_PACKAGE when nothing is there,
   * REPOSITORY_*, REPO_URL_REFUSED or WORKSPACE_FAILED; the signal's reason when it aborts.
   */
  fetch(known: string | undefined, signal: AbortSignal): Promise<FetchedPackage | undefined>;
}
