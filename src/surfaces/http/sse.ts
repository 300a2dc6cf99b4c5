// Server-sent events as bytes on a socket: whole frames, comments that keep proxies awake, no more than the reader takes.
import type { Response } from 'express';
import type { Meter } from '../../ports/meter.js';
import { type Frame, frameText } from '../wire/feed-frame.js';
import { createOutflow } from './outflow.js';

export interface EventStream {
  /** Aborted when the reader has gone. */
  readonly gone: AbortSignal;
  /** Sends the headers; until then a failure can still be answered as a problem. */
  open(): void;
  /** Sends whole frames in this very call; returns a promise when the reader is to be waited for. */
  push(frames: string): Promise<void> | undefined;
  /** Sends a whole frame. Resolves when there is room for more; false when nobody reads any more. */
  send(frame: Buffer): Promise<boolean>;
  end(): void;
}

/** A frame as it goes out. Where many readers get the same one, they share its bytes. */
export const frameBytes = (frame: Frame): Buffer => Buffer.from(frameText(frame));

/** An event stream as the answer of a request. */
export function createEventStream(
  res: Response,
  {
    limits,
    meter,
  }: {
    readonly limits: { readonly keepAliveMs: number; readonly stallMs: number };
    readonly meter: Meter;
  },
  contentType = 'text/event-stream',
): EventStream {
  const outflow = createOutflow(res, limits);
  return {
    gone: outflow.gone,
    open() {
      res.socket?.setNoDelay(true);
      res.writeHead(200, {
        'Content-Type': contentType,
        'Cache-Control': 'no-cache, no-transform',
        'X-Accel-Buffering': 'no',
      });
      res.flushHeaders();
      const keepAlive = setInterval(() => {
        if (!res.writableEnded && !res.writableNeedDrain) res.write(': keep-alive\n\n');
      }, limits.keepAliveMs);
      meter.add('sse_clients', {});
      const leave = (): void => {
        clearInterval(keepAlive);
        meter.add('sse_clients', {}, -1);
      };
      outflow.gone.addEventListener('abort', leave, { once: true });
      if (outflow.gone.aborted) leave();
    },
    push: outflow.push,
    send: outflow.write,
    end: outflow.end,
  };
}
