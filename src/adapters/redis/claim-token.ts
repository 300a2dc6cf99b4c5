// How a claim is named in a transition that only its holder may make.

/** Which delivery of which lane entry, and to whom. */
export interface ClaimName {
  readonly entryId: string;
  /** Tells this delivery from a later one, also to the same worker. */
  readonly deliveries: number;
  readonly worker: string;
}

/** The claim as one text. */
export const claimToken = ({ entryId, deliveries, worker }: ClaimName): string =>
  `${entryId} ${deliveries} ${worker}`;

/** What `claimToken` was given. */
export function parseClaimToken(token: string): ClaimName {
  const behindEntry = token.indexOf(' ');
  const behindDeliveries = token.indexOf(' ', behindEntry + 1);
  return {
    entryId: token.slice(0, behindEntry),
    deliveries: Number(token.slice(behindEntry + 1, behindDeliveries)),
    worker: token.slice(behindDeliveries + 1),
  };
}
