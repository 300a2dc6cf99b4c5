// Listens to one turn: shows each message to who judges, watches and waits, and hands it on in the same tick.
import type { AgentMessage } from '../../../ports/agent.js';
import type { TurnEnd } from '../../../ports/turn-agent.js';
import { within } from '../../host/within.js';
import { failureText } from '../listen/classify-failure.js';
import type { Course } from '../listen/course.js';
import { asText } from '../listen/json-values.js';
import { createJudge, type Ending } from '../listen/judge.js';
import { addPersistedOutput } from '../listen/persisted-output.js';
import { createProgress, type Progress } from '../listen/progress.js';
import { MAX_LINE_BYTES } from '../listen/stream-json.js';
import { startWatchdog } from '../listen/watchdog.js';
import type { ClaudeExit } from '../start/spawn-claude.js';
import { createAnswerReader } from './answer.js';
import { type PoolDeps, SILENCE_MS } from './pool-deps.js';
import { isHarmless } from './small-talk.js';
import type { TurnDrive } from './turn-drive.js';
import { INITIALIZE } from './words.js';

export interface Hearing {
  /** Resolves when claude has taken note of a message that asks for no answer. */
  nextNote(): Promise<void>;
  /** From now on what claude says belongs to the turn. */
  expectAnswer(): void;
  wasAsked(): boolean;
  /** It has said something that belongs to the turn. */
  hasHeard(): boolean;
  /** Lets the listener know that the turn has started, once. */
  announceStart(): void;
  /** No command has begun another session. */
  staysInSession(): boolean;
  stopWatching(): void;
  /** Waits for the listener to take what it was handed. */
  taken(patienceMs?: number): Promise<void>;
  judge(ending: Ending, exit: ClaudeExit | undefined, lastWords: string): TurnEnd;
}

/** When claude has long had all it needs, and waits for its model. */
const CALM_AFTER_MS = 1000;

/** Listens from now on; ends the course when there is a reason to. */
export function hearTurn(deps: PoolDeps, drive: TurnDrive, course: Course): Hearing {
  const { process, order, listener } = drive;
  const { silenceMs = SILENCE_MS, maxLineBytes = MAX_LINE_BYTES } = deps;
  const judge = createJudge(process.life.spentUsd);
  const answer = createAnswerReader();
  const progress = createProgress();
  const watchdog = startWatchdog({
    progress: withoutShells(progress),
    timeoutMs: order.timeoutMs,
    silenceMs,
    backgroundMs: silenceMs,
    onEnd(ending) {
      isSettled ||= ending.kind === 'settled';
      course.end(ending);
    },
  });
  let wasAsked = false;
  let isAnnounced = false;
  let hasBegun = false;
  let hasAnswered = false;
  let isSettled = false;
  let isElsewhere = false;
  let calm: NodeJS.Timeout | undefined;
  let hasFailed = false;
  let pending: Promise<void> | undefined;
  let announceNote = (): void => {};

  function fail(error: unknown): void {
    hasFailed = true;
    course.fail(error);
  }

  function announceStart(): void {
    if (isAnnounced) return;
    isAnnounced = true;
    calm = setTimeout(settleDown, CALM_AFTER_MS);
    try {
      listener.started(drive.start);
    } catch (error) {
      fail(error);
    }
  }

  function deliver(message: AgentMessage): Promise<void> | void {
    if (hasFailed) return;
    try {
      const whole = addPersistedOutput(message, order.launch.jobDir, maxLineBytes);
      const taking =
        whole instanceof Promise ? whole.then((found) => listener.message(found)) : listener.message(whole);
      if (taking === undefined) return;
      pending = taking.catch(fail);
      return pending;
    } catch (error) {
      fail(error);
    }
  }

  /** claude answers each message that was told with a result of no turns, and wants no ear for it. */
  function hearNote({ type, message }: AgentMessage): void {
    watchdog.touch();
    if (type !== 'result') return;
    if (message.is_error === true)
      course.end({
        kind: 'failed',
        code: 'CLAUDE_ERROR',
        error: 'claude did not take in what was said before.',
      });
    else announceNote();
  }

  function observe(message: AgentMessage): void {
    judge.observe(message);
    answer.observe(message);
    progress.observe(message);
    if (progress.retrying() === undefined) watchdog.touch();
    if (message.type === 'result' && asText(message.message.session_id) !== process.sessionId)
      isElsewhere = true;
    watchdog.look();
  }

  function hear(message: AgentMessage): Promise<void> | void {
    if (isSettled) {
      process.life.isSpoilt ||= !isHarmless(message);
      return;
    }
    if (drive.start.memory === 'resumed' && !hasBegun && isUnknownSession(message)) return;
    announceStart();
    if (!wasAsked) return hearNote(message);
    // The last word of what came before the turn.
    if (!hasBegun && isIdle(message)) return;
    hasBegun = true;
    observe(message);
    const taking = deliver(message);
    if (message.type !== 'system') settleDown();
    return taking;
  }

  function settleDown(): void {
    if (!hasAnswered) drive.onAnswer();
    hasAnswered = true;
  }

  process.listen({
    hear,
    refused(requestId, error) {
      if (requestId === INITIALIZE)
        course.end({ kind: 'failed', code: 'CLAUDE_ERROR', error: `claude took no system prompt: ${error}` });
    },
    hold: watchdog.hold,
  });
  return {
    nextNote: () =>
      new Promise((resolve) => {
        announceNote = resolve;
      }),
    expectAnswer() {
      wasAsked = true;
    },
    wasAsked: () => wasAsked,
    hasHeard: () => isAnnounced,
    announceStart,
    staysInSession: () => !isElsewhere,
    stopWatching() {
      watchdog.stop();
      clearTimeout(calm);
    },
    async taken(patienceMs) {
      if (pending === undefined) return;
      if (patienceMs === undefined) await pending;
      else if (!(await within(patienceMs, pending)))
        deps.log('claude.messages_dropped', { turn: order.turn }, 'warn');
    },
    judge: (...signs) => asTurnEnd({ ...judge.judge(...signs), ...answer.read() }),
  };
}

/** Nobody in a conversation waits for a server that was left running; for subagents that work on, yes. */
const withoutShells = (progress: Progress): Progress => ({
  ...progress,
  background: () => (progress.background() === 'agents' ? 'agents' : 'nothing'),
});

/** claude cannot go on with the session, says so, and leaves. */
const isUnknownSession = ({ type, message }: AgentMessage): boolean =>
  type === 'result' && /No conversation found/i.test(failureText(message));

const isIdle = ({ type, message }: AgentMessage): boolean =>
  type === 'system' && message.subtype === 'session_state_changed' && message.state === 'idle';

/** What an attempt is told of its profile a turn is told of its package. */
export function asTurnEnd(end: TurnEnd): TurnEnd {
  if (end.kind !== 'failed' || end.code !== 'BROKEN_PROFILE') return end;
  return { ...end, code: 'BROKEN_PACKAGE', error: end.error.replaceAll('the profile', 'the package') };
}
