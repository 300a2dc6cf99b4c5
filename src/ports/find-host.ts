// Where a host of a request leads at this moment, asked before anything is sent there.

export type Whereabouts =
  /** Only to these may be connected. */
  | { readonly kind: 'allowed'; readonly addresses: readonly string[] }
  /** It leads into this machine, its network or its cloud. */
  | { readonly kind: 'refused' }
  /** Nobody can say now. */
  | { readonly kind: 'unknown'; readonly error: string };

/** `host`: a name or an address as it stands in a URL. Never rejects. */
export type FindHost = (host: string, port: number) => Promise<Whereabouts>;
