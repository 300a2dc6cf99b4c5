// A claude that lives longer than one turn. Between turns nobody listens to it, and should it say something of its
// own then (a command in the background has ended, and the model was asked what to make of it), it knows more than
// its conversation does: it is spoilt, and serves no further turn.
import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../../../domain/json-record.js';
import type { AgentMessage } from '../../../ports/agent.js';
import type { Clock } from '../../../ports/clock.js';
import type { SystemPrompt, TurnLaunch } from '../../../ports/turn-agent.js';
import { tagAsOurs } from '../../host/attempt/attempt-tag.js';
import { createCensus } from '../../host/attempt/census.js';
import { findProcess } from '../../host/process-table.js';
import { dismissClaude } from '../end/stop.js';
import { asText } from '../listen/json-values.js';
import { type Reading, startReading } from '../listen/reading.js';
import { createLineReader, MAX_LINE_BYTES } from '../listen/stream-json.js';
import { buildArgv } from '../start/argv.js';
import { attemptDirectories, buildEnvironment } from '../start/environment.js';
import { isRoot, makeDirectories } from '../start/prepare-attempt.js';
import { type ClaudeProcess, spawnClaude } from '../start/spawn-claude.js';
import type { PoolDeps } from './pool-deps.js';
import { isHarmless } from './small-talk.js';

/** Whoever listens to claude at the moment. */
export interface Ear {
  hear(message: AgentMessage): Promise<void> | void;
  /** claude would not do what a control request asked for. */
  refused(requestId: string, error: string): void;
  /** The reading waits for what `hear` returned, or does so no longer. */
  hold(isHeld: boolean): void;
}

export interface PoolProcess {
  readonly claude: ClaudeProcess;
  readonly reading: Reading;
  readonly sessionId: string;
  /** Its session file, undefined when it keeps none. */
  readonly transcript: string | undefined;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Resolves when it answers (true) or has left before it did. */
  readonly ready: Promise<boolean>;
  readonly life: ProcessLife;
  listen(ear: Ear | undefined): void;
  /** Ends it with everything it started; resolves when nothing is left. */
  retire(patienceMs: number): Promise<void>;
}

/** What changes as it lives. */
export interface ProcessLife {
  turns: number;
  /** What it has cost so far, USD. */
  spentUsd: number;
  /** What it was told to be; undefined before its first turn. */
  systemPrompt: SystemPrompt | undefined;
  isReady: boolean;
  isSpoilt: boolean;
  hasLeft: boolean;
}

export interface ProcessOrder {
  readonly launch: TurnLaunch;
  /** The session that it goes on with. */
  readonly resume: { readonly sessionId: string; readonly path: string } | undefined;
  /** It is spoilt now. */
  readonly onSpoilt: () => void;
}

const PROBE = { type: 'control_request', request_id: 'probe', request: { subtype: 'get_binary_version' } };
/** Longer names of folders end in a hash that only claude knows how to make. */
const MAX_FOLDER_CHARS = 200;

/** Resolves when the process runs; it is ready later. Throws what `buildArgv`, `makeDirectories` and `spawnClaude` do. */
export async function startProcess(
  deps: PoolDeps & { readonly clock: Clock },
  order: ProcessOrder,
): Promise<PoolProcess> {
  const { launch, resume } = order;
  const sessionId = resume?.sessionId ?? randomUUID();
  const argv = buildArgv({
    ...launch,
    sessionId,
    ...(resume === undefined ? {} : { resumeFrom: resume.path }),
  });
  await makeDirectories(launch.jobDir);
  const transcript = await findTranscript(launch, sessionId, resume?.path);
  const tag = tagAsOurs(`pool.${randomUUID()}`);
  deps.guard?.arm();
  const env = buildEnvironment(launch, tag, isRoot());
  const claude = await spawnClaude({ binary: deps.binary, argv, cwd: launch.cwd, env });
  const unwatch = deps.guard?.watch({ pid: claude.pid, tag, sharesPlace: true });
  const root = findProcess(claude.pid);
  const owns = (found: string): boolean => found === tag;
  const census = createCensus({ roots: root ? [root] : [], owns, since: root?.start ?? 0 });
  const listening = startListening(deps, claude, order.onSpoilt);
  claude.say(PROBE);
  deps.log('pool.process_started', { pid: claude.pid, session_id: sessionId }, 'debug');
  let retiring: Promise<void> | undefined;

  async function retire(patienceMs: number): Promise<void> {
    census.take();
    const { log } = deps;
    await dismissClaude({ claude, census, result: claude.exited, log }, patienceMs);
    await listening.reading.finish(0);
    unwatch?.();
    log(
      'pool.process_ended',
      { pid: claude.pid, session_id: sessionId, turns: listening.life.turns },
      'debug',
    );
  }

  return {
    claude,
    ...listening,
    sessionId,
    transcript,
    startedAt: deps.clock.now(),
    retire(patienceMs) {
      retiring ??= retire(patienceMs);
      return retiring;
    },
  };
}

function startListening(deps: PoolDeps, claude: ClaudeProcess, onSpoilt: () => void) {
  const life: ProcessLife = {
    turns: 0,
    spentUsd: 0,
    systemPrompt: undefined,
    isReady: false,
    isSpoilt: false,
    hasLeft: false,
  };
  let ear: Ear | undefined;
  let announceReady = (_isReady: boolean): void => {};
  const ready = new Promise<boolean>((resolve) => {
    announceReady = resolve;
  });
  void claude.exited.then(() => {
    life.hasLeft = true;
    announceReady(false);
  });

  function hearControl({ message }: AgentMessage): void {
    const response = isRecord(message.response) ? message.response : {};
    const id = asText(response.request_id);
    if (response.subtype === 'error') ear?.refused(id, asText(response.error));
    if (life.isReady) return;
    life.isReady = true;
    announceReady(true);
  }

  function deliver(message: AgentMessage): Promise<void> | void {
    if (message.type === 'control_response') return hearControl(message);
    if (ear !== undefined) return ear.hear(message);
    if (life.isSpoilt || isHarmless(message)) return;
    life.isSpoilt = true;
    onSpoilt();
  }

  const reading = startReading({
    stdout: claude.stdout,
    lines: createLineReader(deps.maxLineBytes ?? MAX_LINE_BYTES),
    observe: () => {},
    deliver,
    onFailure: (error) => deps.log('pool.reading_failed', { error: String(error) }, 'error'),
    onHold: (isHeld) => ear?.hold(isHeld),
  });
  const listen = (next: Ear | undefined): void => {
    ear = next;
  };
  return { life, ready, reading, listen };
}

/** Where claude keeps the session: where it found it, else in a folder named for where it works. */
async function findTranscript(
  launch: TurnLaunch,
  sessionId: string,
  resumed: string | undefined,
): Promise<string | undefined> {
  if (launch.flags['no-session-persistence'] !== undefined) return undefined;
  if (resumed !== undefined) return resumed;
  const place = await realpath(launch.cwd).catch(() => launch.cwd);
  const folder = place.replaceAll(/[^A-Za-z0-9]/g, '-');
  if (folder.length > MAX_FOLDER_CHARS) return undefined;
  return join(attemptDirectories(launch.jobDir).config, 'projects', folder, `${sessionId}.jsonl`);
}
