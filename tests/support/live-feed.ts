// What claude says on its way to readers elsewhere, as the transcript writer sends it: free of secrets, then merged.
import { createDeltaFlows } from '../../src/domain/delta-flows.js';
import { createDeltaMerger, type LivePiece } from '../../src/domain/deltas.js';
import { createRedactor } from '../../src/runtime/redact.js';
import { createStreamRedactor } from '../../src/runtime/redact-stream.js';

type Said = { readonly type: string; readonly message: Readonly<Record<string, unknown>> };

export function createLiveFeed(every?: number, secrets: readonly string[] = []) {
  const flows = createDeltaFlows(() => createStreamRedactor(secrets));
  const merger = createDeltaMerger(every);
  const redact = createRedactor(secrets);
  return {
    take({ type, message }: Said, now: number): readonly LivePiece[] {
      const deltas = flows.take({ type, message }).flatMap((delta) => merger.delta(delta, now));
      if (type === 'stream_event') return deltas;
      const pieces = merger.message({ type, line: redact(JSON.stringify(message)) }, now);
      return [...deltas, ...pieces.map(addressed)];
    },
  };
}

/** A message lies in the feed behind its address. */
const addressed = (piece: LivePiece): LivePiece =>
  piece.kind === 'message'
    ? { ...piece, data: `{"attempt":1,"seq":1,"prev":"0","message":${piece.data}}` }
    : piece;
