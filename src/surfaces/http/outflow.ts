// Writing no faster than the reader reads: what waits for a slow reader is one chunk, never the whole answer.
import type { Response } from 'express';

const SLICE_BYTES = 64 * 1024;

export interface Outflow {
  /** Aborted when nothing more is read: the reader has gone, was closed for not reading, or has it all. */
  readonly gone: AbortSignal;
  /** Writes in this very call. What it returns, when there is no room for more, resolves when there is again. */
  push(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Resolves when there is room for more; false when nobody reads any more. */
  write(chunk: string | Uint8Array): Promise<boolean>;
  /** Ends the answer, unless its reader has gone before the end. */
  end(): void;
}

/** Watches over a response. A reader that makes no room for `stallMs` is disconnected. */
export function createOutflow(res: Response, { stallMs }: { readonly stallMs: number }): Outflow {
  const left = new AbortController();
  const leave = (): void => left.abort('nobody reads this answer any more');
  const { socket } = res.req;
  // A response queued behind another on one connection gets no `close` of its own.
  socket.once('close', leave);
  res.once('close', () => {
    socket.off('close', leave);
    leave();
  });
  // Nobody reads the body of an answer to HEAD.
  if (socket.destroyed || res.req.method === 'HEAD') leave();

  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const stalled = setTimeout(() => {
        leave();
        socket.destroy();
      }, stallMs);
      const done = (): void => {
        clearTimeout(stalled);
        res.off('drain', done);
        left.signal.removeEventListener('abort', done);
        resolve();
      };
      res.on('drain', done);
      left.signal.addEventListener('abort', done);
    });

  const push = (chunk: string | Uint8Array): Promise<void> | undefined => {
    if (left.signal.aborted || res.writableEnded) return undefined;
    return res.write(chunk) || left.signal.aborted ? undefined : drained();
  };

  return {
    gone: left.signal,
    push,
    async write(chunk) {
      if (res.writableEnded) return false;
      await push(chunk);
      return !left.signal.aborted;
    },
    end() {
      if (!socket.destroyed && !res.writableEnded) res.end();
    },
  };
}

/** Sends a long text in slices; resolves when it is sent or nobody reads it any more. */
export async function sendText(
  res: Response,
  contentType: string,
  text: string,
  limits: { readonly stallMs: number },
): Promise<void> {
  const bytes = Buffer.from(text);
  res.writeHead(200, { 'Content-Type': contentType, 'Content-Length': bytes.length });
  const outflow = createOutflow(res, limits);
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (!(await outflow.write(bytes.subarray(at, at + SLICE_BYTES)))) break;
  }
  outflow.end();
}
