// The readers of the fan-out benchmark, in a process of their own: they count frames, check their order, take the time.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { nowUs } from './fanout-source.js';

const PATIENCE_MS = 60_000;
/** Readers that come at once. */
const CROWD = 100;

export interface ReadersReport {
  /** Deltas that arrived, in all. */
  readonly delivered: number;
  /** Deltas that did not follow the one before, and readers that missed some at the end. */
  readonly faults: number;
  /** From append to the reader, of each delta after the warm-up. */
  readonly lagMs: readonly number[];
}

export interface Readers {
  readonly pid: number;
  /** Opens one reader for each URL; resolves when all have had the two events of their running job. */
  open(urls: readonly string[]): Promise<void>;
  /** Waits, for a while, until `expected` deltas have come; each reader should have `each`. */
  report(expected: number, each: number, warmUpMs: number): Promise<ReadersReport>;
  stop(): void;
}

type Order =
  | { readonly do: 'open'; readonly urls: readonly string[] }
  | { readonly do: 'report'; readonly expected: number; readonly each: number; readonly warmUpMs: number };

/** Starts the process of the readers. */
export function startReaders(): Readers {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), { env: { PATH: process.env.PATH ?? '' } });
  const ask = async <T>(order: Order): Promise<T> => {
    child.send(order);
    const [answer] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the process of the readers ended'))),
    ]);
    return answer as T;
  };
  return {
    pid: child.pid ?? 0,
    open: (urls) => ask({ do: 'open', urls }),
    report: (expected, each, warmUpMs) => ask({ do: 'report', expected, each, warmUpMs }),
    stop: () => child.kill('SIGKILL'),
  };
}

interface Tally {
  events: number;
  deltas: number;
}

function serveOrders(): void {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const tallies: Tally[] = [];
  const lags: { readonly sentUs: number; readonly us: number }[] = [];
  const total = (key: keyof Tally): number => tallies.reduce((sum, tally) => sum + tally[key], 0);
  let faults = 0;

  function take(tally: Tally, frame: string, us: number): void {
    const stamp = /^id: \S+\nevent: delta\ndata: \{"attempt":1,"seq":(\d+),.*"text":"(\d+) /.exec(frame);
    if (stamp === null) {
      if (!frame.startsWith(':')) tally.events += 1;
      return;
    }
    tally.deltas += 1;
    if (Number(stamp[1]) !== tally.deltas) faults += 1;
    const sentUs = Number(stamp[2]);
    lags.push({ sentUs, us: us - sentUs });
  }

  function open(url: string): void {
    const tally = { events: 0, deltas: 0 };
    tallies.push(tally);
    get(url, { agent }, (res) => {
      if (res.statusCode !== 200) throw new Error(`a reader was answered ${res.statusCode}`);
      res.once('close', () => {
        throw new Error('the stream of a reader was cut');
      });
      let rest = '';
      res.setEncoding('latin1').on('data', (piece: string) => {
        const us = nowUs();
        const frames = (rest + piece).split('\n\n');
        rest = frames.pop() ?? '';
        for (const frame of frames) take(tally, frame, us);
      });
    });
  }

  async function obey(order: Order): Promise<unknown> {
    const deadline = performance.now() + PATIENCE_MS;
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo() && performance.now() < deadline) await sleep(20);
    };
    if (order.do === 'open') {
      const unserved = (): number => tallies.filter(({ events }) => events !== 2).length;
      for (let at = 0; at < order.urls.length; at += CROWD) {
        for (const url of order.urls.slice(at, at + CROWD)) open(url);
        await until(() => unserved() === 0);
        if (unserved() > 0) throw new Error(`${unserved()} readers were not served in time`);
      }
      return {};
    }
    await until(() => total('deltas') >= order.expected);
    const firstUs = lags.reduce((least, { sentUs }) => Math.min(least, sentUs), Number.POSITIVE_INFINITY);
    const short = tallies.filter(({ deltas }) => deltas !== order.each).length;
    const counted = lags.filter(({ sentUs }) => sentUs >= firstUs + order.warmUpMs * 1_000);
    const lagMs = counted.map(({ us }) => us / 1_000);
    return { delivered: total('deltas'), faults: faults + short, lagMs } satisfies ReadersReport;
  }

  process.on('message', async (order: Order) => process.send?.(await obey(order)));
  process.on('disconnect', () => process.exit());
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) serveOrders();
