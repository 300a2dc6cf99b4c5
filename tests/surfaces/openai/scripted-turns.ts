// Turns that say what a test wrote for them, and remember what was asked: the surface is tested by itself.
import { randomUUID } from 'node:crypto';
import type { RequestKey } from '../../../src/app/request-key.js';
import type { AcceptedTurn, TurnHead, TurnResult, Turns } from '../../../src/app/turn/turns.js';
import type { TurnRequest } from '../../../src/domain/chat.js';
import { AgenticoreError } from '../../../src/domain/errors.js';
import type { TurnPiece } from '../../../src/domain/turn-piece.js';
import { type StreamConfig, TEXT_ONLY, type Visibility } from '../../../src/domain/visibility.js';

/** What the next turn does. */
export interface TurnScript {
  readonly pieces?: readonly TurnPiece[];
  readonly result?: Partial<TurnResult>;
  readonly visibility?: Visibility;
  readonly config?: StreamConfig;
  /** Nothing is left to ask. */
  readonly configured?: StreamConfig;
  /** Awaited before it is admitted. */
  readonly admitted?: Promise<void>;
  /** Not admitted. */
  readonly refuse?: Error;
  /** After the pieces. */
  readonly fail?: Error;
  /** Awaited after the pieces, beside the signal. */
  readonly until?: Promise<void>;
  /** Awaited before the pieces. */
  readonly after?: Promise<void>;
}

export interface ScriptedTurns extends Turns {
  /** What is played for the requests to come; one script serves them all. */
  script: TurnScript;
  readonly asked: TurnRequest[];
  readonly jobIds: string[];
  /** Job ids of the turns that were interrupted. */
  readonly interrupted: string[];
  readonly replayed: string[];
  /** The keys that came, in order. */
  readonly keys: (RequestKey | undefined)[];
}

export const RESULT: TurnResult = {
  finish: 'stop',
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 5,
    cache_read_input_tokens: 100,
    output_tokens: 7,
  },
  costUsd: 0.01,
  numTurns: 2,
  sessionId: 'session-1',
  answer: 'Hello',
};

/** When every turn was accepted. */
export const CREATED_AT = 1_700_000_000_500;

export const MODELS = ['tester', 'agenticore-agent', 'sonnet', 'claude-sonnet-4-6'];

/** A promise, and what resolves it. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

export function scriptTurns(script: TurnScript = {}): ScriptedTurns {
  const played = new Map<string, TurnScript>();
  const interrupted: string[] = [];
  const taken = new Map<string, { readonly digest: string; readonly turn: TurnHead }>();

  const play = async (
    jobId: string,
    { pieces = [], result, fail, until, after }: TurnScript,
    take: (piece: TurnPiece) => Promise<void> | void,
    signal: AbortSignal,
  ): Promise<TurnResult> => {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (after) await Promise.race([after, aborted]);
    for (const piece of pieces) {
      if (signal.aborted) break;
      await take(piece);
    }
    if (until) await Promise.race([until, aborted]);
    if (signal.aborted) {
      interrupted.push(jobId);
      throw new AgenticoreError('CANCELLED');
    }
    if (fail) throw fail;
    return { ...RESULT, ...result };
  };

  const turns: ScriptedTurns = {
    script,
    asked: [],
    jobIds: [],
    interrupted,
    replayed: [],
    keys: [],
    models: () => MODELS.map((id, index) => ({ id, createdAt: 1_700_000_000_000 + index })),
    resolveModel: (id) => {
      const plain = id.slice(id.lastIndexOf('/') + 1);
      return MODELS.includes(plain) ? `claude:${plain}` : undefined;
    },
    async open(request, _signal, key) {
      const { script: now } = turns;
      turns.keys.push(key);
      const known = taken.get(key?.key ?? '');
      if (known && known.digest !== key?.digest) throw new AgenticoreError('IDEMPOTENCY_MISMATCH');
      if (known) return { kind: 'known', turn: known.turn };
      turns.asked.push(request);
      await now.admitted;
      if (now.refuse) throw now.refuse;
      if (now.configured) return { kind: 'configured', config: now.configured };
      const jobId = randomUUID();
      turns.jobIds.push(jobId);
      played.set(jobId, now);
      const head: TurnHead = {
        jobId,
        createdAt: CREATED_AT,
        conversationId: 'conversation-1',
        visibility: now.visibility ?? TEXT_ONLY,
        config: now.config,
      };
      if (key !== undefined) taken.set(key.key, { digest: key.digest, turn: head });
      const never = new AbortController().signal;
      const turn: AcceptedTurn = {
        ...head,
        run: (take, signal) => play(jobId, now, take, key === undefined ? signal : never),
      };
      return { kind: 'accepted', turn };
    },
    async replay(jobId, _caller, take, signal) {
      turns.replayed.push(jobId);
      const known = played.get(jobId);
      if (known === undefined) throw new AgenticoreError('JOB_NOT_FOUND');
      const pieces = (known.pieces ?? []).flatMap(cutAnew);
      return await play(jobId, { ...known, pieces }, take, signal);
    },
  };
  return turns;
}

/** The same text in other cuts, as a feed has it. */
function cutAnew(piece: TurnPiece): readonly TurnPiece[] {
  if (piece.kind !== 'text' && piece.kind !== 'thinking') return [piece];
  const half = Math.ceil(piece.text.length / 2);
  return [
    { ...piece, text: piece.text.slice(0, half) },
    { ...piece, text: piece.text.slice(half) },
  ].filter(({ text }) => text !== '');
}
