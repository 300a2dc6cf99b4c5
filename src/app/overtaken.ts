// What a holder is told whose attempt is not the current one any more.
import { isCode } from '../domain/errors.js';

const OVERTAKEN = ['STALE_ATTEMPT', 'JOB_ENDED', 'JOB_NOT_FOUND'] as const;

/** True when another attempt or the end of the job came first: nothing is this attempt's to record any more. */
export const isOvertaken = (error: unknown): boolean => OVERTAKEN.some((code) => isCode(error, code));
