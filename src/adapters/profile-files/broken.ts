// How a fault of a profile's files is told: which file, which line or key, what is allowed.
import { AgenticoreError, type ErrorDetail } from '../../domain/errors.js';

/** A profile's faults as one error; `details` has each with its place. */
export function brokenProfile(name: string, faults: readonly ErrorDetail[]): AgenticoreError {
  const list = faults.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
  const shown = /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
  return new AgenticoreError('BROKEN_PROFILE', `Profile ${shown} cannot be used: ${list}.`, {
    details: faults,
  });
}
