// How a fault of a profile's files is told: which file, which line or key, what is allowed.
import { AgenticoreError, type ErrorDetail } from '../../domain/errors.js';

/** A profile's faults as one error; `details` has each with its place. */
export function brokenProfile(name: string, faults: readonly ErrorDetail[]): AgenticoreError {
  const shown = /^[\w.-]+$/.test(name) ? name : JSON.stringify(name);
  return new AgenticoreError('BROKEN_PROFILE', `Profile ${shown} cannot be used: ${sentenceOf(faults)}.`, {
    details: faults,
  });
}

/** The faults of an agent's package as one error; `place` says which it is; it may be empty. */
export const brokenPackage = (place: string, faults: readonly ErrorDetail[]): AgenticoreError =>
  new AgenticoreError(
    'BROKEN_PACKAGE',
    `The package ${place === '' ? '' : `${place} `}cannot be used: ${sentenceOf(faults)}.`,
    {
      details: faults,
    },
  );

const sentenceOf = (faults: readonly ErrorDetail[]): string =>
  faults.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
