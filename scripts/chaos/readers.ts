// One reader per job, over the gateway, from the first frame to the last: whenever it is cut off it comes back with the
// id of the last frame it saw.
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 200;
const ONCE_MS = 30_000;

/** A frame as it was on the wire. */
export interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export interface Reading {
  readonly jobId: string;
  /** In the order in which they came, `gap` and `end` left out. */
  readonly frames: readonly Frame[];
  /** How many frames there were before it was first told of a gap; undefined when it never was. */
  readonly gapAfter: number | undefined;
  /** Status named by the `end` frame; undefined while there was none. */
  readonly end: string | undefined;
  /** How often it had to come back. */
  readonly returns: number;
}

export interface Readers {
  follow(jobId: string): void;
  readonly readings: ReadonlyMap<string, Reading>;
}

/** Reads a job once, from `last` on, without coming back. Throws when it is cut off. */
export async function readOnce(url: string, jobId: string, last?: string): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  const signal = AbortSignal.timeout(ONCE_MS);
  for await (const frame of framesOf(`${url}/jobs/${jobId}/events`, last, signal)) frames.push(frame);
  return frames;
}

/** Readers of the gateway at `url`, until the signal aborts. */
export function createReaders(url: string, signal: AbortSignal): Readers {
  const readings = new Map<string, Reading>();

  async function follow(jobId: string): Promise<void> {
    const frames: Frame[] = [];
    const reading = {
      ...{ jobId, frames, returns: -1 },
      ...{ end: undefined as string | undefined, gapAfter: undefined as number | undefined },
    };
    readings.set(jobId, reading);
    while (reading.end === undefined && !signal.aborted) {
      reading.returns += 1;
      if (reading.returns > 0) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      const last = frames.at(-1)?.id;
      try {
        for await (const frame of framesOf(`${url}/jobs/${jobId}/events`, last, signal)) {
          if (frame.event === 'gap') reading.gapAfter ??= frames.length;
          else if (frame.event !== 'end') frames.push(frame);
          else reading.end = JSON.parse(frame.data).status;
        }
      } catch {
        // Cut off: the gateway was killed, or says that the bus is away.
      }
    }
  }

  return { follow: (jobId) => void follow(jobId), readings };
}

async function* framesOf(url: string, last: string | undefined, signal: AbortSignal): AsyncGenerator<Frame> {
  const headers = last === undefined ? {} : { 'last-event-id': last };
  const response = await fetch(url, { headers, signal });
  if (!response.ok || response.body === null) {
    await response.arrayBuffer();
    return;
  }
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    for (let cut = text.indexOf('\n\n'); cut !== -1; cut = text.indexOf('\n\n')) {
      const frame = parseFrame(text.slice(0, cut));
      text = text.slice(cut + 2);
      if (frame !== undefined) yield frame;
    }
  }
}

/** Undefined for a comment. */
function parseFrame(block: string): Frame | undefined {
  const field = (name: string): string =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  const event = field('event');
  return event === '' ? undefined : { id: field('id'), event, data: field('data') };
}
