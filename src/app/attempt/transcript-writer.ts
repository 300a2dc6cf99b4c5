// Everything claude says, on its way to the transcript: redacted, numbered, hash-chained, in order, in batches.
import { createDeltaFlows } from '../../domain/delta-flows.js';
import { createDeltaMerger, type DeltaData, type LivePiece, parentOf } from '../../domain/deltas.js';
import { INLINE_LIMIT_BYTES } from '../../domain/evidence.js';
import type { TranscriptSeal } from '../../domain/job-event.js';
import type { AgentMessage } from '../../ports/agent.js';
import type { TranscriptEntry } from '../../ports/transcript-log.js';
import type { Attempt, AttemptDeps } from './attempt.js';
import { createOutbox, type OutboxDeps } from './outbox.js';

const PREVIEW_CHARS = 4096;

export interface TranscriptWriter {
  /** Takes the next message; a promise is given when there is no room for more, and resolves when there is. */
  write(message: AgentMessage): Promise<void> | void;
  /** Stores the rest and returns count and hash of what is now the transcript. Throws STALE_ATTEMPT. */
  finish(): Promise<TranscriptSeal>;
  /** Stores nothing more; harmless after finish. */
  abandon(): Promise<void>;
}

export type WriterDeps = OutboxDeps & Pick<AttemptDeps, 'hash' | 'redact' | 'openFlow'>;

/**
 * `onFailure`: nothing more can be stored, because another attempt has overtaken this one; `finish` says why.
 * `deltaIntervalMs`: how long deltas may be held back to be merged; a fraction of a second where nothing is said.
 */
export function createTranscriptWriter(
  deps: WriterDeps,
  attempt: Pick<Attempt, 'job' | 'number' | 'head'>,
  onFailure: () => void,
  deltaIntervalMs?: number,
): TranscriptWriter {
  const { job, number } = attempt;
  const flows = createDeltaFlows(deps.openFlow);
  const merger = createDeltaMerger(deltaIntervalMs);
  const outbox = createOutbox(deps, job.id, number, onFailure);
  let seq = 0;
  let seal: TranscriptSeal = { count: 0, head: attempt.head };
  let alarm = new AbortController();
  /** The agents of whose words something was left out, each by the call that started it. */
  const withHoles = new Set<string | null>();

  function take(pieces: readonly LivePiece[]): void {
    for (const piece of pieces) {
      if (piece.kind === 'delta' && isLeftOut(piece)) continue; // the numbers leave no gap
      seq += 1;
      if (piece.kind === 'delta') {
        const data = `{"attempt":${number},"seq":${seq},${piece.data.slice(1)}`;
        outbox.put({ seq, kind: 'delta', type: 'delta', data });
      } else {
        const { entry, head } = messageEntry(piece.type, piece.data);
        seal = { count: seal.count + 1, head };
        outbox.put(entry);
      }
    }
    scheduleFlush();
  }

  /**
   * Nobody can read while the bus is away, and the message that follows says it all. Until it does, also what is written
   * after the return is left out: readers would get words that do not follow on what they have.
   */
  function isLeftOut({ data }: LivePiece): boolean {
    if (!outbox.away && withHoles.size === 0) return false;
    const { parent_tool_use_id: agent }: DeltaData = JSON.parse(data);
    if (outbox.away) withHoles.add(agent);
    return withHoles.has(agent);
  }

  /** What an agent was writing is complete, or will never be. */
  function mendHoles({ type, message }: AgentMessage): void {
    if (type === 'assistant') withHoles.delete(parentOf(message));
    if (type === 'result' || type === 'oversized') withHoles.clear();
  }

  /** A held-back delta goes out when its time has come, also when claude falls silent. */
  function scheduleFlush(): void {
    alarm.abort();
    const dueAt = merger.dueAt();
    if (dueAt === undefined) return;
    const current = new AbortController();
    alarm = current;
    void deps.clock.sleep(Math.max(0, dueAt - deps.clock.now()), current.signal).then(() => {
      if (!current.signal.aborted) take(merger.flush(deps.clock.now()));
    });
  }

  function messageEntry(type: string, line: string): { entry: TranscriptEntry; head: string } {
    const address = `"attempt":${number},"seq":${seq},"prev":"${seal.head}"`;
    const whole = `{${address},"message":${deps.redact(line)}}`;
    const head = deps.hash(whole);
    const bytes = Buffer.byteLength(whole);
    if (bytes <= INLINE_LIMIT_BYTES) return { entry: { seq, kind: 'message', type, data: whole }, head };
    const preview = JSON.stringify(whole.slice(0, PREVIEW_CHARS));
    const href = `/jobs/${job.id}/messages/${number}/${seq}`;
    const data = `{${address},"preview":${preview},"bytes":${bytes},"sha256":"${head}","href":"${href}"}`;
    return { entry: { seq, kind: 'message', type, data, whole }, head };
  }

  return {
    write(message) {
      const now = deps.clock.now();
      const pieces = flows.take(message).flatMap((delta) => merger.delta(delta, now));
      const isComplete = message.type !== 'stream_event';
      take(isComplete ? [...pieces, ...merger.message(message, now)] : pieces);
      mendHoles(message);
      return outbox.full ? outbox.room() : undefined;
    },
    async finish() {
      take(merger.flush(deps.clock.now()));
      await outbox.emptied();
      return seal;
    },
    abandon() {
      alarm.abort();
      return outbox.abandon();
    },
  };
}
