// Writes a turn down while it is performed, and brings transcript and ledger to their end when it is over.
import { AgenticoreError } from '../../domain/errors.js';
import type { AgentMessage } from '../../ports/agent.js';
import type { TurnEnd, TurnStart } from '../../ports/turn-agent.js';
import { unlessLost } from '../attempt/attempt.js';
import { reportFinish } from '../attempt/report-finish.js';
import { createTranscriptWriter } from '../attempt/transcript-writer.js';
import { recordCallerLeft, type TurnAttempt } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';
import { outcomeOf } from './turn-result.js';

export interface Scribe {
  /** What was told of the turn's start; undefined while Claude has not begun. */
  start(): TurnStart | undefined;
  started(start: TurnStart): void;
  /** A promise when there is no room for more. */
  write(message: AgentMessage): Promise<void> | void;
  /** Records how it ended, and lets go of the attempt. Never rejects. */
  finish(end: TurnEnd): Promise<void>;
  /** The same for a turn that never came to Claude. */
  fail(error: unknown): Promise<void>;
}

/** `deltaIntervalMs`: how long deltas may be merged; nobody waits for them in the feed unless the turn came by the lane. */
export function openScribe(
  deps: TurnDeps,
  { spools }: TurnStage,
  attempt: TurnAttempt,
  deltaIntervalMs: number | undefined,
): Scribe {
  const ids = { job_id: attempt.job.id };
  const overtaken = (): void => attempt.stop('claim-lost');
  const writer = createTranscriptWriter({ ...deps, spools }, attempt, overtaken, deltaIntervalMs);
  let start: TurnStart | undefined;
  let reporting: Promise<unknown> = Promise.resolve();

  async function close(record: () => Promise<void>): Promise<void> {
    try {
      await record();
    } catch (error) {
      deps.log('turn.not_recorded', { ...ids, error: String(error) }, 'warn');
    } finally {
      await writer.abandon();
      await attempt.close();
    }
  }

  return {
    start: () => start,
    started(begun) {
      start = begun;
      const { pid, sessionId, memory } = begun;
      const resumed = memory === 'kept' || memory === 'resumed';
      reporting = attempt.report([{ type: 'ClaudeStarted', pid, sessionId, resumed }]);
      reporting.catch(() => {}); // awaited at the end
    },
    write: writer.write,
    finish: (end) =>
      close(async () => {
        const outcome = outcomeOf(end, deps.redact);
        if (attempt.signal.reason === 'caller') await recordCallerLeft(deps, attempt.job);
        await reporting;
        const transcript = await unlessLost(attempt, writer.finish());
        await reportFinish(deps, attempt, end, transcript);
        await attempt.end(outcome);
        deps.log('turn.ended', {
          ...ids,
          ...(end.kind === 'stopped' ? { kind: 'stopped', by: attempt.signal.reason } : outcome),
        });
      }),
    fail: (error) =>
      close(async () => {
        const known = error instanceof AgenticoreError ? error : undefined;
        if (known === undefined) deps.log('turn.bug', { ...ids, stack: stackOf(error) }, 'error');
        const said = known ?? new AgenticoreError('INTERNAL');
        await attempt.end({ kind: 'failed', code: said.code, error: deps.redact(said.message) });
      }),
  };
}

const stackOf = (error: unknown): string | undefined =>
  error instanceof Error ? error.stack : String(error);
