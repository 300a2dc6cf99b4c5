// What the ledger is told when claude has finished: how it left, what it cost, its answer, and the transcript's seal.
import type { Hash } from '../../domain/evidence.js';
import type { TranscriptSeal } from '../../domain/job-event.js';
import type { AgentEnd } from '../../ports/agent.js';
import type { Attempt } from './attempt.js';

/** The final answer kept beside the ledger is cut at this many UTF-8 bytes; the transcript has it whole. */
const ANSWER_LIMIT_BYTES = 1024 * 1024;

/** Writes ClaudeFinished. Throws STALE_ATTEMPT or JOB_ENDED when the attempt was overtaken. */
export async function reportFinish(
  deps: { readonly redact: (text: string) => string; readonly hash: Hash },
  attempt: Pick<Attempt, 'report'>,
  end: AgentEnd,
  transcript: TranscriptSeal,
): Promise<void> {
  const answer =
    end.answer === undefined ? undefined : cutToBytes(deps.redact(end.answer), ANSWER_LIMIT_BYTES);
  await attempt.report(
    [
      {
        type: 'ClaudeFinished',
        exitCode: end.exitCode,
        costUsd: end.costUsd,
        numTurns: end.numTurns,
        ...(end.usage ? { usage: end.usage } : {}),
        transcript,
        ...(answer === undefined
          ? {}
          : { answer: { bytes: Buffer.byteLength(answer), sha256: deps.hash(answer) } }),
      },
    ],
    answer,
  );
}

function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // A cut in the middle of a character leaves U+FFFD at the end; it is dropped with the rest.
  return bytes.subarray(0, limit).toString().replace(/�+$/, '');
}
