// The driver of claude: one process per attempt, started with an environment made from nothing, listened to until it
// is done, and seen off with everything it started. Waiting is one race; what ended it first is recorded once.
import { AgenticoreError } from '../../domain/errors.js';
import type { Agent, AgentEnd, AgentListener, AgentOrder } from '../../ports/agent.js';
import type { Log } from '../../ports/log.js';
import { type Census, createCensus } from '../host/attempt/census.js';
import type { Guard } from '../host/attempt/guard.js';
import { endLeftovers } from '../host/attempt/sweep.js';
import { findProcess, workingDirectory } from '../host/process-table.js';
import { within } from '../host/within.js';
import { dismissClaude, endSurvivors, type StopDeps, stopClaude } from './end/stop.js';
import { type Course, createCourse } from './listen/course.js';
import { createJudge, type Ending, type FailedEnding, type Judge } from './listen/judge.js';
import { addPersistedOutput } from './listen/persisted-output.js';
import { createProgress } from './listen/progress.js';
import { type Reading, startReading } from './listen/reading.js';
import { createLineReader, MAX_LINE_BYTES } from './listen/stream-json.js';
import { startWatchdog, type Watchdog } from './listen/watchdog.js';
import { prepareAttempt } from './start/prepare-attempt.js';
import { type ClaudeProcess, spawnClaude } from './start/spawn-claude.js';

export interface ClaudeAgentDeps {
  /** Path of the claude binary. */
  readonly binary: string;
  /** Runs the stop ladder when this process is SIGKILLed. */
  readonly guard?: Guard;
  readonly log: Log;
  /** Longest line kept whole; 64 MiB. */
  readonly maxLineBytes?: number;
  /** How long claude may say nothing while no tool runs; 10 minutes. */
  readonly silenceMs?: number;
  /** How long shell commands in the background may keep an attempt open after claude's result; 30 s. */
  readonly backgroundMs?: number;
}

const SILENCE_MS = 10 * 60_000;
const BACKGROUND_MS = 30_000;
/** claude leaves within milliseconds when its input ends; this is for a hook or a collector that does not answer. */
const LEAVE_MS = 10_000;
/** For the listener to take what claude said last, when nobody waits for the result any more. */
const LAST_MESSAGES_MS = 30_000;

/** An agent that is Claude Code. Each `run` is a process of its own. */
export function createClaudeAgent(deps: ClaudeAgentDeps): Agent {
  return {
    async run(order, listener, signal) {
      const judge = createJudge();
      if (signal.aborted) return judge.judge({ kind: 'stopped' }, undefined, '');
      const started = await startClaude(deps, order);
      if (started.kind === 'failed') return judge.judge(started, undefined, '');
      return drive(deps, { ...started, order, listener, signal, judge });
    },
    endLeftovers: (jobId, workplace) => endLeftovers(deps, jobId, workplace),
  };
}

interface Started {
  readonly kind: 'started';
  readonly claude: ClaudeProcess;
  readonly tag: string;
}

async function startClaude(deps: ClaudeAgentDeps, order: AgentOrder): Promise<Started | FailedEnding> {
  try {
    const { tag, argv, env } = await prepareAttempt(order);
    deps.guard?.arm();
    const claude = await spawnClaude({ binary: deps.binary, argv, cwd: order.cwd, env });
    return { kind: 'started', claude, tag };
  } catch (error) {
    if (error instanceof AgenticoreError) return { kind: 'failed', code: error.code, error: error.message };
    throw error;
  }
}

interface Drive extends Omit<Started, 'kind'> {
  readonly order: AgentOrder;
  readonly listener: AgentListener;
  readonly signal: AbortSignal;
  readonly judge: Judge;
}

async function drive(deps: ClaudeAgentDeps, started: Drive): Promise<AgentEnd> {
  const { claude, tag, order, listener, signal, judge } = started;
  const { log } = deps;
  const { pid } = claude;
  const course = createCourse();
  const census = censusOf(pid, tag);
  const unwatch = deps.guard?.watch({ pid, tag });
  const stop = (): void => course.end({ kind: 'stopped' });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  void claude.exited.then(() => course.end({ kind: 'exited' }));
  const { reading, watchdog } = listen(deps, started, course);
  try {
    log('claude.started', { pid, tag });
    try {
      listener.started(pid);
    } catch (error) {
      course.fail(error);
    }
    claude.ask(order.task);
    const ending = await course.over;
    watchdog.stop();
    log('claude.ending', { pid, tag, ending: ending.kind });
    const left = await seeOff(ending, { claude, census, result: reading.nextResult(), log });
    const isUrgent = ending.kind === 'stopped' || ending.kind === 'failed' || signal.aborted;
    const isWhole = await reading.finish(isUrgent ? LAST_MESSAGES_MS : Number.POSITIVE_INFINITY);
    if (!isWhole) log('claude.messages_dropped', { pid, tag }, 'warn');
    course.assertSound();
    await within(LEAVE_MS, claude.exited);
    return judge.judge(ending, left ? await claude.exited : undefined, claude.lastWords());
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', stop);
    unwatch?.();
  }
}

/** Starts to read what claude says, for the listener, the judge and the watchdog. */
function listen(
  { silenceMs = SILENCE_MS, backgroundMs = BACKGROUND_MS, maxLineBytes = MAX_LINE_BYTES }: ClaudeAgentDeps,
  { claude, order, listener, judge }: Drive,
  course: Course,
): { readonly reading: Reading; readonly watchdog: Watchdog } {
  const progress = createProgress();
  const { timeoutMs } = order;
  const watchdog = startWatchdog({ progress, timeoutMs, silenceMs, backgroundMs, onEnd: course.end });
  const reading = startReading({
    stdout: claude.stdout,
    lines: createLineReader(maxLineBytes),
    observe(message) {
      judge.observe(message);
      progress.observe(message);
      if (progress.retrying() === undefined) watchdog.touch();
      watchdog.look();
    },
    deliver(message) {
      const complete = addPersistedOutput(message, order.jobDir, maxLineBytes);
      return complete instanceof Promise ? complete.then(listener.message) : listener.message(complete);
    },
    onFailure: course.fail,
    onHold: watchdog.hold,
  });
  return { reading, watchdog };
}

function censusOf(pid: number, tag: string): Census {
  const root = findProcess(pid);
  return createCensus({
    roots: root ? [root] : [],
    owns: (found) => found === tag,
    since: root?.start ?? 0,
    workplaces: [workingDirectory(pid)].filter((place) => place !== undefined),
  });
}

/** Brings every process of the attempt to its end; true when claude left by itself. */
async function seeOff(ending: Ending, deps: StopDeps): Promise<boolean> {
  switch (ending.kind) {
    case 'settled':
      return dismissClaude(deps, LEAVE_MS);
    case 'exited':
      await endSurvivors(deps);
      return true;
    case 'stopped':
    case 'failed':
      await stopClaude(deps);
      return false;
    default:
      return ending satisfies never;
  }
}
