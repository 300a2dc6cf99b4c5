// The evidence on Redis: messages go into the job's feed beside its events, large ones whole into a hash.
import { AgenticoreError } from '../../domain/errors.js';
import type { TranscriptEntry, TranscriptLog } from '../../ports/transcript-log.js';
import type { Connection } from './connection.js';
import type { Keys } from './keys.js';
import { asOptionalText } from './reply.js';
import { runScript } from './scripts.js';

type Outcome = 'appended' | 'stale';

/** The transcripts below `keys`. */
export function createTranscriptLog(connection: Connection, keys: Keys): TranscriptLog {
  /** The latest append of each job that is still under way. */
  const underWay = new Map<string, Promise<Outcome>>();

  function send(jobId: string, attempt: number, entries: readonly TranscriptEntry[]): Promise<unknown> {
    const pieces = entries.flatMap(({ seq, kind, type, data, whole }) => [
      seq,
      kind,
      type,
      data,
      whole ?? '',
    ]);
    const scriptKeys = [keys.view(jobId), keys.feed(jobId), keys.whole(jobId)];
    return connection.ask((redis) =>
      runScript(redis, 'transcript', scriptKeys, [attempt, keys.jobBell(jobId), ...pieces]),
    );
  }

  /**
   * Appends are not held back for the one before: they travel one behind the other. When that one has to be sent
   * again (script not known, connection lost), this one arrives too early: it is sent again after it.
   */
  async function inOrder(
    jobId: string,
    attempt: number,
    entries: readonly TranscriptEntry[],
    earlier: Promise<Outcome> | undefined,
  ): Promise<Outcome> {
    let outcome = await send(jobId, attempt, entries);
    if (outcome === 'gap' && earlier) {
      await earlier;
      outcome = await send(jobId, attempt, entries);
    }
    if (outcome === 'appended' || outcome === 'stale') return outcome;
    // Redis knows less than it once acknowledged: it was restored from an older state.
    throw new AgenticoreError('EVIDENCE_LOST');
  }

  return {
    append(jobId, attempt, entries) {
      const appending = inOrder(jobId, attempt, entries, underWay.get(jobId));
      underWay.set(jobId, appending);
      const settled = (): void => {
        if (underWay.get(jobId) === appending) underWay.delete(jobId);
      };
      appending.then(settled, settled);
      return appending;
    },

    async whole(jobId, attempt, seq) {
      return asOptionalText(
        await connection.ask((redis) => redis.hget(keys.whole(jobId), `${attempt}:${seq}`)),
      );
    },
  };
}
