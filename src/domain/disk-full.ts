// A disk that takes nothing more, told apart from everything else that a system may refuse.
import { AgenticoreError, ERRORS, messageOf } from './errors.js';

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];
const [FACT = '', MEND = ''] = ERRORS.DISK_FULL.message.split('. ');

/** True for what the system says when a disk, or somebody's share of it, is full. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && FULL.includes(error.code);

/** DISK_FULL with what was said of it. */
export const diskFull = (why: string, cause?: unknown): AgenticoreError =>
  new AgenticoreError('DISK_FULL', `${FACT}: ${why.replace(/\.$/, '')}. ${MEND}`, { cause });

/** DISK_FULL for an error of the system that says so; every other error is what it was. */
export const asDiskFull = (error: unknown): unknown =>
  isDiskFull(error) ? diskFull(messageOf(error), error) : error;
