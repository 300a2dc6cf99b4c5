// What becomes of an attempt that went wrong: one row per class of failure, as data. The table of errors gives each
// code its class, `decideRetry` reads what follows; schemas/outcomes.json and docs/retries.md are made from it.

/** By how much the wait grows with each attempt used. */
export const BACKOFF_GROWTH = 2;

/** How long to wait before the next attempt: `times` the job's own backoff, growing up to `capS`. */
export interface Backoff {
  readonly times: number;
  readonly capS: number;
  /** Up to this part of the delay is added at random, so that what failed together does not come back together. */
  readonly jitter: number;
}

export interface Parking {
  /** How long to wait when nobody said until when. */
  readonly defaultS: number;
  /** A time that has passed, or is nearer or farther than these, is a clock or a unit gone wrong. */
  readonly leastS: number;
  readonly mostS: number;
  /** Up to this part of the wait is added at random, and no more than `jitterCapS`. */
  readonly jitter: number;
  readonly jitterCapS: number;
}

export type Consequence =
  /** Tried again, up to the job's attempts; `limit`: at most so many attempts of one job end in this class. */
  | { readonly follows: 'retry'; readonly backoff: Backoff; readonly limit?: number }
  /** Waits for a time that somebody else sets; the attempt does not count. */
  | { readonly follows: 'park'; readonly parking: Parking }
  | { readonly follows: 'fail' };

export type OutcomeRow = Consequence & { readonly meaning: string };

const CAP_S = 15 * 60;

const retried = (meaning: string, changes: Partial<Backoff> & { readonly limit?: number } = {}) => {
  const { limit, ...backoff } = changes;
  return {
    follows: 'retry',
    backoff: { times: 1, capS: CAP_S, jitter: 0.5, ...backoff },
    ...(limit === undefined ? {} : { limit }),
    meaning,
  } as const;
};
const failed = (meaning: string) => ({ follows: 'fail', meaning }) as const;

export const OUTCOMES = {
  transient: retried('The bus, the network, a disk or a remote did not work; it may pass by itself.'),
  overloaded: retried(
    'The model is overloaded, and claude had already tried again for minutes: the next attempt takes its time.',
    { times: 2, capS: 2 * CAP_S },
  ),
  usage_limit: {
    follows: 'park',
    parking: { defaultS: 15 * 60, leastS: 10, mostS: 8 * 86_400, jitter: 0.1, jitterCapS: 60 },
    meaning:
      "The model account has reached its usage limit. Everything that would use it waits until its owner's stated time.",
  },
  authentication: failed(
    'Credentials are missing, refused or without money. The error says which to set; trying again before is useless.',
  ),
  installation: failed('Somebody must mend what is installed or configured here; the error says what.'),
  worker_lost: retried(
    'The worker vanished with the attempt; whoever takes its claim over begins the next.',
    {
      times: 0,
    },
  ),
  crashed: retried('Claude ended without a result, and nobody here had asked it to.'),
  out_of_memory: retried(
    'Claude was killed by the system. Once may be the fault of its neighbours; twice is the work.',
    { limit: 2 },
  ),
  hang: retried(
    'Claude said nothing for too long and was stopped. A second silence is not waited for again.',
    {
      limit: 2,
    },
  ),
  bad_repository: failed('The repository, its base ref or its permissions are not as the job needs them.'),
  bad_request: failed('The caller must change the request.'),
  verify_failed: failed(
    "Claude's work does not pass the verify commands of the profile, and Claude could not mend it as often as it may.",
  ),
  final: failed('Claude, or the job itself, came to an end that trying again would not change.'),
} as const satisfies Record<string, OutcomeRow>;

export type OutcomeClass = keyof typeof OUTCOMES;
