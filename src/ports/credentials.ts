// Who we are to the hosts of repositories: asked for at the moment of use, never kept by the one who asks.

export interface Credential {
  readonly username: string;
  /** A token or password. It goes into no address, argument, configuration, environment of claude, log or event. */
  readonly password: string;
}

export interface Credentials {
  /**
   * What to show to the host of this https address; undefined when nothing is configured for it. Good for at least the
   * next five minutes. Throws CODE_HOST_AUTH_FAILED when what is configured is not accepted, CODE_HOST_UNREACHABLE when
   * the host that hands it out cannot be asked.
   */
  forRepository(repoUrl: string, signal?: AbortSignal): Promise<Credential | undefined>;
  /** The host did not accept this one. True when another can be had: then ask again, once. */
  refused(repoUrl: string, credential: Credential): boolean;
}
