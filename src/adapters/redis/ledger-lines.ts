// The lines of a ledger, whether it was packed or not: a second look is taken only at one that was.
import type { Redis } from 'ioredis';
import { AgenticoreError } from '../../domain/errors.js';
import type { TrimMark } from '../../ports/custody.js';
import type { Keys } from './keys.js';
import { isPacked, type Unpacked, unpackAnswer, unpackLedger } from './packed-ledger.js';

/** Those from the `first` to the `last` (from 0, -1 for the very last); none when there is no such job. Throws BUS_CORRUPT. */
export async function ledgerLines(
  redis: Redis,
  keys: Keys,
  jobId: string,
  first = 0,
  last = -1,
): Promise<readonly string[]> {
  const lines = await redis.lrange(keys.ledger(jobId), first, last);
  if (!isPacked(lines[0])) return lines;
  const all = (await readPacked(redis, keys, jobId)).lines;
  return last === -1 ? all.slice(first) : all.slice(first, last + 1);
}

/** All lines of a packed ledger, and its mark; no lines when the job was removed meanwhile. Throws BUS_CORRUPT. */
export async function readPacked(redis: Redis, keys: Keys, jobId: string): Promise<Unpacked> {
  const [packed, ...others] = await redis.lrangeBuffer(keys.ledger(jobId), 0, -1);
  if (packed === undefined) return { lines: [], mark: { cursor: '0-0' } };
  const { lines, mark } = unpackLedger(jobId, packed);
  const standIns = lines.length - 1;
  const later = others.slice(standIns);
  if (others.length < standIns || others.some((element, nth) => standsIn(element) !== nth < standIns))
    throw new AgenticoreError(
      'BUS_CORRUPT',
      `The packed ledger of job ${jobId} has another length than it had.`,
    );
  return { lines: [...lines, ...later.map(String)], mark };
}

/** The mark of a job whose ledger is packed; undefined for every other. Throws BUS_CORRUPT. */
export async function packedMark(redis: Redis, keys: Keys, jobId: string): Promise<TrimMark | undefined> {
  const packed = await redis.lindexBuffer(keys.ledger(jobId), 0);
  return packed !== null && standsIn(packed) ? unpackLedger(jobId, packed).mark : undefined;
}

/** The answer that was packed with its ledger; undefined when none was. Throws BUS_CORRUPT. */
export async function packedAnswer(redis: Redis, keys: Keys, jobId: string): Promise<string | undefined> {
  const second = await redis.lindexBuffer(keys.ledger(jobId), 1);
  const isAnswer = second !== null && second.length > 0 && standsIn(second);
  return isAnswer ? unpackAnswer(jobId, second) : undefined;
}

const standsIn = (element: Buffer): boolean => isPacked(element.toString('latin1', 0, 1));
