// Reads claude's stdout to its end and hands each message on in the tick in which it was read, one at a time: while
// the listener is busy nothing more is read, and claude waits in turn. Whatever happens to the listener, the pipe is
// drained until claude has left.
import type { Readable } from 'node:stream';
import type { AgentMessage } from '../../../ports/agent.js';
import { within } from '../../host/within.js';
import type { LineReader } from './stream-json.js';

export interface Reading {
  /** Resolves at the end of the stream; never rejects. */
  readonly done: Promise<void>;
  /** Resolves when the next result message is read. */
  nextResult(): Promise<void>;
  /**
   * Waits for the end of the stream once every writer is dead. Does not wait for a writer that escaped; with
   * `patienceMs`, gives up on a listener that takes longer. False when messages may be missing.
   */
  finish(patienceMs: number): Promise<boolean>;
}

export interface ReadingOptions {
  readonly stdout: Readable;
  readonly lines: LineReader;
  /** Sees each message before it is handed on. */
  readonly observe: (message: AgentMessage) => void;
  readonly deliver: (message: AgentMessage) => Promise<void> | void;
  /** The listener or the observer threw; the listener gets no more messages. */
  readonly onFailure: (error: unknown) => void;
  /** The reading waits for the listener, or does so no longer. */
  readonly onHold: (isHeld: boolean) => void;
}

const EMPTY_PIPE_MS = 2000;

/** Starts at once. */
export function startReading(options: ReadingOptions): Reading {
  const { stdout, lines, observe, deliver, onFailure, onHold } = options;
  let waiting: readonly AgentMessage[] = [];
  let isHeld = false;
  let hasFailed = false;
  let hasEnded = false;
  let announceResult = (): void => {};
  let announceDone = (): void => {};
  const done = new Promise<void>((resolve) => {
    announceDone = resolve;
  });

  /** What the listener asks us to wait for, if anything. */
  function hand(message: AgentMessage): Promise<void> | undefined {
    try {
      observe(message);
      if (message.type === 'result') announceResult();
      return hasFailed ? undefined : (deliver(message) ?? undefined);
    } catch (error) {
      fail(error);
      return undefined;
    }
  }

  function fail(error: unknown): void {
    hasFailed = true;
    onFailure(error);
  }

  function handAll(messages: readonly AgentMessage[]): void {
    for (const [at, message] of messages.entries()) {
      const taking = hand(message);
      if (taking === undefined) continue;
      waiting = messages.slice(at + 1);
      isHeld = true;
      onHold(true);
      stdout.pause();
      void taking.catch(fail).then(goOn);
      return;
    }
    if (hasEnded) announceDone();
  }

  function goOn(): void {
    isHeld = false;
    onHold(false);
    const messages = waiting;
    waiting = [];
    handAll(messages);
    if (!isHeld) stdout.resume();
  }

  function end(): void {
    if (hasEnded) return;
    hasEnded = true;
    const last = lines.end();
    if (isHeld) waiting = [...waiting, ...last];
    else handAll(last);
  }

  stdout.on('data', (chunk: Buffer) => {
    const messages = lines.push(chunk);
    // A stream that was paused within a read may still have a chunk on its way.
    if (isHeld) waiting = [...waiting, ...messages];
    else handAll(messages);
  });
  // The stream may be torn down; what came before counts.
  stdout.once('end', end).once('close', end).on('error', end);
  return {
    done,
    nextResult: () =>
      new Promise((resolve) => {
        announceResult = resolve;
      }),
    async finish(patienceMs) {
      const deadline = performance.now() + patienceMs;
      while (!(await within(Math.min(EMPTY_PIPE_MS, patienceMs), done))) {
        if (!isHeld) stdout.destroy();
        else if (performance.now() > deadline) return false;
      }
      return true;
    },
  };
}
