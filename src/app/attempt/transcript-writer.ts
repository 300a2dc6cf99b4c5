// Everything claude says, on its way to the transcript: redacted, numbered, hash-chained, in order, in batches.
import { createDeltaMerger } from '../../domain/deltas.js';
import { AgenticoreError } from '../../domain/errors.js';
import { INLINE_LIMIT_BYTES } from '../../domain/evidence.js';
import type { TranscriptSeal } from '../../domain/job-event.js';
import type { AgentMessage } from '../../ports/agent.js';
import type { TranscriptEntry } from '../../ports/transcript-log.js';
import { type Attempt, type AttemptDeps, persist } from './attempt.js';

/** Claude is held back while this much waits to be stored: a slow bus must not become our memory. */
const HIGH_WATER_BYTES = 1024 * 1024;
const PREVIEW_CHARS = 4096;

export interface TranscriptWriter {
  /** Takes the next message; resolves when there is room for more. */
  write(message: AgentMessage): Promise<void>;
  /** Stores the rest and returns count and hash of what is now the transcript. Throws STALE_ATTEMPT. */
  finish(): Promise<TranscriptSeal>;
  /** Forgets what is not stored yet; harmless after finish. */
  abandon(): void;
}

type WriterDeps = Pick<AttemptDeps, 'transcript' | 'hash' | 'redact' | 'clock'>;

/** `onFailure`: nothing more can be stored, because another attempt has overtaken this one; `finish` says why. */
export function createTranscriptWriter(
  deps: WriterDeps,
  attempt: Attempt,
  onFailure: () => void,
): TranscriptWriter {
  const { job, number } = attempt;
  const merger = createDeltaMerger();
  const abandoned = new AbortController();
  let queue: TranscriptEntry[] = [];
  let queuedBytes = 0;
  let seq = 0;
  let seal: TranscriptSeal = { count: 0, head: attempt.head };
  let storing: Promise<void> | undefined;
  let alarm = new AbortController();

  function push(entry: TranscriptEntry): void {
    queue.push(entry);
    queuedBytes += entry.data.length + (entry.whole?.length ?? 0);
    storing ??= store().finally(() => {
      storing = undefined;
    });
    storing.catch(onFailure);
  }

  async function store(): Promise<void> {
    while (queue.length > 0 && !abandoned.signal.aborted) {
      const batch = queue;
      queue = [];
      queuedBytes = 0;
      const result = await persist(deps.clock, abandoned.signal, () =>
        deps.transcript.append(job.id, number, batch),
      );
      if (result === 'stale') {
        abandoned.abort();
        throw new AgenticoreError('STALE_ATTEMPT');
      }
    }
  }

  function take(pieces: ReturnType<typeof merger.flush>): void {
    for (const piece of pieces) {
      seq += 1;
      if (piece.kind === 'delta') {
        const data = `{"attempt":${number},"seq":${seq},${deps.redact(piece.data).slice(1)}`;
        push({ seq, kind: 'delta', type: 'delta', data });
      } else {
        const { entry, head } = messageEntry(piece.type, piece.data);
        seal = { count: seal.count + 1, head };
        push(entry);
      }
    }
    scheduleFlush();
  }

  /** A held-back delta goes out when its time has come, also when claude falls silent. */
  function scheduleFlush(): void {
    alarm.abort();
    const dueAt = merger.dueAt();
    if (dueAt === undefined) return;
    const current = new AbortController();
    alarm = current;
    void deps.clock.sleep(Math.max(0, dueAt - deps.clock.now()), current.signal).then(() => {
      if (!current.signal.aborted) take(merger.flushWords(deps.clock.now()));
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
    async write(message) {
      take(merger.take(message, deps.clock.now()));
      if (queuedBytes > HIGH_WATER_BYTES) await storing?.catch(() => {}); // onFailure has been told
    },
    async finish() {
      take(merger.flush(deps.clock.now()));
      await storing;
      if (abandoned.signal.aborted) throw new AgenticoreError('STALE_ATTEMPT');
      return seal;
    },
    abandon() {
      alarm.abort();
      abandoned.abort();
      queue = [];
    },
  };
}
