// How far the run has come, as every part of it needs to know.
import type { Order } from './acts.js';

export interface Accepted {
  readonly order: Order;
  readonly jobId: string;
}

export interface Course {
  /** Jobs that the ingress has answered for. */
  readonly accepted: Accepted[];
  /** Jobs whose end stands on the bus; grows. */
  ended: number;
  /** What somebody saw that must not be, by the name of the invariant. */
  readonly violations: Map<string, string[]>;
}

export const createCourse = (): Course => ({ accepted: [], ended: 0, violations: new Map() });

/** Notes a violation at the moment when it is seen. */
export function note(course: Course, invariant: string, sentence: string): void {
  const known = course.violations.get(invariant) ?? [];
  known.push(sentence);
  course.violations.set(invariant, known);
}
