// One check of an audit, with what it saw: a failure needs no second look.

export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  readonly seen: string;
}

/** A check that passed or not; what was seen is made readable. */
export const check = (name: string, passed: boolean, seen: unknown): Verdict => ({
  name,
  passed,
  seen: typeof seen === 'string' ? seen : (JSON.stringify(seen) ?? 'nothing'),
});

/** A check that passes when there is no fault. */
export const faultless = (name: string, fault: string | undefined): Verdict =>
  check(name, fault === undefined, fault ?? 'yes');
