// What a turn came to, for its caller and for its ledger.
import type { AttemptOutcome } from '../../domain/decide.js';
import { AgenticoreError, type ErrorCode } from '../../domain/errors.js';
import type { Job } from '../../domain/job.js';
import type { TurnEnd, TurnStart } from '../../ports/turn-agent.js';
import type { TurnStop } from './turn-attempt.js';
import type { TurnResult } from './turns.js';

/** The result of a turn that Claude brought to an end. Throws what it failed with. */
export function resultOf(
  end: TurnEnd,
  start: TurnStart | undefined,
  stop: TurnStop | undefined,
  redact: (text: string) => string,
  now: number,
): TurnResult {
  const finish = finishOf(
    end.kind === 'succeeded',
    end.kind === 'failed' ? end.code : undefined,
    end.stopReason,
  );
  if (end.kind === 'stopped') throw stopped(stop);
  if (end.kind === 'failed' && finish === undefined) {
    const retryAfterS =
      end.resetsAt === undefined ? {} : { retryAfterS: Math.ceil((end.resetsAt - now) / 1000) };
    throw new AgenticoreError(end.code, redact(end.error), retryAfterS);
  }
  return {
    finish: finish ?? 'stop',
    usage: end.usage,
    costUsd: end.costUsd,
    numTurns: end.numTurns,
    sessionId: start?.sessionId,
    answer: end.answer === undefined ? undefined : redact(end.answer),
    ...(end.structuredOutput === undefined ? {} : { structuredOutput: end.structuredOutput }),
  };
}

/** Undefined when Claude did not come to an end that its caller can use. */
function finishOf(
  succeeded: boolean,
  code: ErrorCode | undefined,
  stopReason: TurnEnd['stopReason'],
): TurnResult['finish'] | undefined {
  if (code === 'CLAUDE_MAX_TURNS') return 'length';
  if (stopReason === 'refusal') return 'refusal';
  if (!succeeded) return undefined;
  return stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded' ? 'length' : 'stop';
}

function stopped(stop: TurnStop | undefined): AgenticoreError {
  switch (stop) {
    case 'handed-back':
      return new AgenticoreError('DRAINING', 'The server leaves; the turn was stopped. Ask again.');
    case 'claim-lost':
      return new AgenticoreError('WORKER_LOST');
    case 'caller':
    case 'cancelled':
    case undefined:
      return new AgenticoreError('CANCELLED');
    default:
      return stop satisfies never;
  }
}

/** What the ledger is told. */
export function outcomeOf(end: TurnEnd, redact: (text: string) => string): AttemptOutcome {
  if (end.kind === 'succeeded') return { kind: 'succeeded' };
  if (end.kind === 'stopped') return { kind: 'handed-back' };
  const { code, error, resetsAt } = end;
  return { kind: 'failed', code, error: redact(error), ...(resetsAt === undefined ? {} : { resetsAt }) };
}

/** The result of a turn as its ledger has it. Throws what it failed with. */
export function resultOfJob(
  job: Job,
  answer: string | undefined,
  said: Pick<TurnEnd, 'stopReason' | 'structuredOutput'>,
): TurnResult {
  const finish = finishOf(job.status === 'succeeded', job.code, said.stopReason);
  if (finish === undefined) throw new AgenticoreError(job.code ?? 'CANCELLED', job.error);
  return {
    finish,
    usage: job.usage,
    costUsd: job.costUsd,
    numTurns: job.numTurns,
    sessionId: job.sessionId,
    answer,
    ...(said.structuredOutput === undefined ? {} : { structuredOutput: said.structuredOutput }),
  };
}
