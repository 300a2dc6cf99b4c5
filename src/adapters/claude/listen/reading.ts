// Reads claude's stdout to its end and hands each message on, one at a time: while the listener is busy nothing more
// is read, and claude waits in turn. Whatever happens to the listener, the pipe is drained until claude has left.
import type { Readable } from 'node:stream';
import type { AgentMessage } from '../../../ports/agent.js';
import { within } from '../within.js';
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
  let isHeld = false;
  let hasFailed = false;
  let announceResult = (): void => {};

  async function hand(message: AgentMessage): Promise<void> {
    try {
      observe(message);
      if (message.type === 'result') announceResult();
      if (hasFailed) return;
      const taking = deliver(message);
      if (taking === undefined) return;
      isHeld = true;
      onHold(true);
      await taking;
    } catch (error) {
      hasFailed = true;
      onFailure(error);
    } finally {
      if (isHeld) onHold(false);
      isHeld = false;
    }
  }

  async function read(): Promise<void> {
    try {
      for await (const chunk of stdout) for (const message of lines.push(chunk)) await hand(message);
    } catch {
      // The stream was torn down; what came before counts.
    }
    for (const message of lines.end()) await hand(message);
  }

  const done = read();
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
