// What came of one comparison when a job was verified.

export interface Check {
  readonly name: 'ledger' | 'feed' | 'transcript' | 'seals' | 'kept aside' | 'answer' | 'session';
  /** `unknown`: it cannot be compared, because it is no longer kept, not here, or not there yet. */
  readonly result: 'whole' | 'broken' | 'unknown';
  /** What was compared, or what is wrong: words that end no sentence. */
  readonly fact: string;
}
