// A turn where Claude runs: what it says goes to the reader first, in the tick in which it was read, and beside that
// into the transcript; the response waits for neither.
import type { TurnRequest } from '../../domain/chat.js';
import { canonicalJson } from '../../domain/evidence.js';
import { withoutToggles } from '../../domain/exchanges.js';
import { takePartTokens } from '../../domain/slash-tokens.js';
import type { Conversation } from '../../ports/conversations.js';
import type { AgentPackage } from '../../ports/packages.js';
import type { TurnEnd, TurnListener, TurnOrder, TurnStart } from '../../ports/turn-agent.js';
import { unlessLost } from '../attempt/attempt.js';
import { reportFinish } from '../attempt/report-finish.js';
import { createTranscriptWriter, type TranscriptWriter } from '../attempt/transcript-writer.js';
import { launchOf, systemPromptOf } from './launch.js';
import { createOutlet, type TakePiece } from './outlet.js';
import { remember, type Thread } from './thread.js';
import { recordCallerLeft, type TurnAttempt } from './turn-attempt.js';
import type { TurnDeps, TurnStage } from './turn-deps.js';
import { outcomeOf } from './turn-result.js';

export interface Performance {
  readonly end: TurnEnd;
  /** What was told of the turn's start; undefined when Claude never began. */
  readonly start: TurnStart | undefined;
  /** Resolves when the turn is in the ledger to its end, which the response need not wait for. Never rejects. */
  readonly recorded: Promise<void>;
}

export interface Performing {
  readonly attempt: TurnAttempt;
  readonly request: TurnRequest;
  readonly thread: Thread;
  /** What the bus knows of the conversation. */
  readonly known: Conversation | undefined;
  readonly agent: AgentPackage;
  /** How long deltas may be merged on their way into the feed; nobody waits for them there unless the turn came by the lane. */
  readonly deltaIntervalMs?: number;
}

/** Runs Claude on the request. Resolves when the answer is whole, and the conversation is remembered. */
export async function performTurn(
  deps: TurnDeps,
  stage: TurnStage,
  performing: Performing,
  take: TakePiece,
): Promise<Performance> {
  const { attempt, request, thread, known, agent, deltaIntervalMs } = performing;
  const { job } = attempt;
  const launch = await launchOf(deps, stage, agent, request);
  const systemPrompt = systemPromptOf(agent, request);
  const setup = deps.hash(canonicalJson({ launch: launch.key, systemPrompt }));
  const goesOn =
    known !== undefined && isTold(known, performing) && (request.remembers || known.setup === setup);
  const name = goesOn ? known.thread : job.id;
  // What is edited or branched begins anew; the process of the old branch is of no use to anybody.
  if (known !== undefined && !goesOn && thread.isNamed) stage.agent.release(known.thread);
  const order: TurnOrder = {
    turn: `${job.id}.${attempt.number}`,
    launch,
    systemPrompt,
    ...(request.auxiliary ? {} : { conversation: name }),
    memory: goesOn
      ? {
          kind: 'session',
          sessionId: known.sessionId,
          ...(known.transcript === undefined ? {} : { transcript: known.transcript }),
        }
      : { kind: 'none' },
    history: withoutToggles(request.history),
    prompt: takePartTokens(request.prompt).parts,
    timeoutMs: (request.options.timeoutS ?? agent.timeoutS) * 1000,
  };
  const scribe = openScribe(deps, stage, attempt, deltaIntervalMs);
  const outlet = createOutlet(deps, job.order.turn?.visibility ?? deps.policy.visibility, take);
  const listener: TurnListener = {
    started: scribe.started,
    message(message) {
      const held = outlet.hear(message);
      const full = scribe.write(message);
      return held === undefined ? full : full === undefined ? held : Promise.all([held, full]).then(() => {});
    },
  };
  const end = await stage.agent.run(order, listener, attempt.signal);
  await outlet.finish();
  const { start } = scribe;
  if (end.kind === 'succeeded' && start !== undefined && !request.auxiliary) {
    const shown = end.structuredOutput === undefined ? outlet.shown() : JSON.stringify(end.structuredOutput);
    const { sessionId, transcript } = start;
    const session = { sessionId, setup, thread: name, ...(transcript === undefined ? {} : { transcript }) };
    const before = goesOn ? { ...thread, head: known.head } : thread;
    await remember(deps, before, request, { shown, ...session });
  }
  return { end, start, recorded: record(deps, attempt, scribe, end) };
}

/** Whether Claude's session is what the caller says was said before. */
const isTold = (known: Conversation, { request, thread }: Performing): boolean =>
  request.remembers === true || known.head === thread.head;

interface Scribe extends TranscriptWriter {
  readonly start: TurnStart | undefined;
  readonly started: (start: TurnStart) => void;
  /** Resolves when the start is in the ledger. */
  reported(): Promise<unknown>;
}

function openScribe(
  deps: TurnDeps,
  { spools }: TurnStage,
  attempt: TurnAttempt,
  deltaIntervalMs: number | undefined,
): Scribe {
  const overtaken = (): void => attempt.stop('claim-lost');
  const writer = createTranscriptWriter({ ...deps, spools }, attempt, overtaken, deltaIntervalMs);
  let start: TurnStart | undefined;
  let reporting: Promise<unknown> = Promise.resolve();
  return {
    ...writer,
    get start() {
      return start;
    },
    started(begun) {
      start = begun;
      const { pid, sessionId } = begun;
      const resumed = begun.memory === 'kept' || begun.memory === 'resumed';
      reporting = attempt.report([{ type: 'ClaudeStarted', pid, sessionId, resumed }]);
      reporting.catch(() => {}); // awaited at the end
    },
    reported: () => reporting,
  };
}

/** Brings transcript and ledger to their end. */
async function record(deps: TurnDeps, attempt: TurnAttempt, scribe: Scribe, end: TurnEnd): Promise<void> {
  const ids = { job_id: attempt.job.id };
  try {
    if (attempt.signal.reason === 'caller') await recordCallerLeft(deps, attempt.job);
    await scribe.reported();
    const transcript = await unlessLost(attempt, scribe.finish());
    await reportFinish(deps, attempt, end, transcript);
    await attempt.end(outcomeOf(end, deps.redact));
    deps.log('turn.ended', { ...ids, ...outcomeOf(end, deps.redact) });
  } catch (error) {
    deps.log('turn.not_recorded', { ...ids, error: String(error) }, 'warn');
  } finally {
    await scribe.abandon();
    await attempt.close();
  }
}
