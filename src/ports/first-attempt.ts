// How the first attempt of a job starts where it may start in the same step as its claim.

/** None starts so once its wait has expired, or while there is a breaker of the credential. */
export interface FirstAttempt {
  readonly host: string;
  /** Fingerprint of the model credential that the attempt uses. */
  readonly credential: string;
}
