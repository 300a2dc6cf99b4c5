// One connection to Redis that keeps coming back, and that tells its users within seconds when it is away: nothing is
// queued while it is, so that nothing is carried out after its caller was told otherwise.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from '../../ports/log.js';
import { parseAddress } from './address.js';
import {
  BUS_CLOSED,
  busError,
  isConnectionLost,
  isDatabaseRefused,
  isInDoubt,
  isLostAnswer,
  unreachable,
} from './bus-error.js';

/** How long a command waits for a lost connection to come back; longer than the pauses between tries. */
const PATIENCE_MS = 1_500;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_BACKOFF_MS = 500;
const DISCONNECT_TIMEOUT_MS = 100;
/** Written at once without waiting for the end of the tick. */
const PIECE_BYTES = 4096;

/** How it shows that the other side ended the connection. */
const HUNG_UP = /ECONNRESET|EPIPE|before secure TLS connection was established/;
const NO_RESP = /^Unknown RESP type|^Protocol error/;

export interface ConnectionOptions {
  readonly url: string;
  /** Shown in CLIENT LIST. */
  readonly name: string;
  /** Silence of this length while an answer is due: the command fails with BUS_UNREACHABLE, the socket is replaced. */
  readonly answerMs: number;
  /** True: once the connection has been away for a while, commands fail at once instead of waiting each. */
  readonly failFast: boolean;
  readonly log?: Log;
}

export interface Connection {
  readonly redis: Redis;
  /**
   * Carries out `send` when connected, once more when the connection broke before the answer came: `resent` tells. With
   * `persistMs` again and again for so long, also when Redis was silent: for what must not be left in doubt.
   * Throws BUS_UNREACHABLE; other errors of Redis (bugs) pass as they are.
   */
  ask<T>(send: (redis: Redis, resent: boolean) => Promise<T>, persistMs?: number): Promise<T>;
  /** What to throw for an error of a command sent without `ask`. */
  explain(error: unknown): unknown;
  close(): Promise<void>;
}

/** Opens a connection; it starts connecting at once. Throws CONFIG_INVALID when the URL is none. */
export function openConnection(options: ConnectionOptions): Connection {
  const redis = new Redis({ ...parseAddress(options.url), ...redisOptions(options) });
  const waiting = new Set<() => void>();
  let trouble: string | undefined;
  let wasReady = false;
  let hungUp = false;
  let offlineSince: number | undefined = performance.now();
  let closed = false;

  redis.on('error', (error: Error) => {
    if (isConnectionLost(error)) return;
    trouble = error.message || ('code' in error ? String(error.code) : error.name);
    if (isDatabaseRefused(error)) redis.disconnect(true);
  });
  redis.on('ready', () => {
    options.log?.('bus.connected');
    wasReady = true;
    offlineSince = undefined;
    trouble = undefined;
    for (const wake of [...waiting]) wake();
  });
  redis.on('close', () => {
    hungUp = true;
    if (closed || offlineSince !== undefined) return;
    options.log?.('bus.lost', { reason: reason() }, 'warn');
    offlineSince = performance.now();
  });

  /** A line that was hung up keeps its status until it is closed, but takes nothing any more. */
  const isReady = (): boolean => redis.status === 'ready' && redis.stream.writable;

  function reason(): string {
    if (closed) return BUS_CLOSED;
    if (NO_RESP.test(trouble ?? '')) return strangerAt(options.url, 'what answers is no Redis');
    if (trouble !== undefined && (wasReady || !HUNG_UP.test(trouble))) return trouble;
    if (!wasReady && hungUp) return strangerAt(options.url, 'something hangs up before it has answered');
    if (redis.status === 'connect') return 'it has not answered yet, or is still loading its data';
    return wasReady ? 'the connection was lost' : strangerAt(options.url, 'nothing answers');
  }

  async function online(leastMs = 0): Promise<void> {
    if (closed) throw unreachable(reason());
    if (isReady()) return;
    const now = performance.now();
    const patience = PATIENCE_MS - (options.failFast ? now - (offlineSince ?? now) : 0);
    // Never less than a turn of the event loop, or a caller that tries again and again would stop it.
    await readyWithin(Math.max(leastMs, patience));
    if (!isReady()) throw unreachable(reason());
  }

  function readyWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      waiting.add(wake);
    });
  }

  let held: Redis['stream'] | undefined;

  function letGo(): void {
    held?.uncork();
    held = undefined;
  }

  /**
   * Holds back what is written until the end of the tick, so that what many ask for at once leaves in one piece; but
   * not more than Redis can be working at meanwhile.
   */
  function gathered<T>(send: () => T): T {
    const { stream } = redis;
    if (held !== stream) {
      letGo();
      held = stream;
      stream.cork();
      process.nextTick(letGo);
    }
    const sent = send();
    if (stream.writableLength > PIECE_BYTES) letGo();
    return sent;
  }

  const explain = (error: unknown): unknown => busError(error, reason());

  async function askAgain<T>(send: () => Promise<T>, until: number): Promise<T> {
    for (;;) {
      await online(Math.max(0, until - performance.now()));
      try {
        return await send();
      } catch (error) {
        if (!isInDoubt(error) || performance.now() >= until) throw explain(error);
      }
    }
  }

  return {
    redis,
    explain,
    async ask(send, persistMs = 0) {
      if (!isReady()) await online();
      const until = performance.now() + persistMs;
      try {
        return await gathered(() => send(redis, false));
      } catch (error) {
        if (!(persistMs > 0 ? isInDoubt : isLostAnswer)(error)) throw explain(error);
      }
      return askAgain(() => send(redis, true), until);
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const wake of [...waiting]) wake();
      const connected = ['connecting', 'connect', 'ready'].includes(redis.status);
      const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()));
      redis.disconnect();
      // The library clears a timer of this length only on connections that were open; wait for it rather than leave it.
      const patience = new AbortController();
      const waited = sleep(2 * DISCONNECT_TIMEOUT_MS, undefined, { signal: patience.signal }).catch(
        () => undefined,
      );
      await (connected ? Promise.race([ended, waited]) : waited);
      patience.abort();
    },
  };
}

/** What to say of an address where no Redis has ever answered. */
const strangerAt = (url: string, fact: string): string =>
  `${fact}; see that Redis is at this address, and that ${
    url.startsWith('rediss:') ? 'rediss:// (TLS)' : 'redis:// (no TLS)'
  } is right`;

function redisOptions({ name, answerMs }: ConnectionOptions): RedisOptions & { replyMapping: 'legacy' } {
  return {
    connectionName: name.replace(/[^\x21-\x7e]/g, '_'),
    disableClientInfo: true,
    protocol: 2, // plainer, and understood by every proxy
    replyMapping: 'legacy',
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    maxLoadingRetryTime: 250,
    retryStrategy: (times) =>
      Math.min(50 * 2 ** Math.min(times - 1, 10), MAX_BACKOFF_MS) + Math.random() * 50,
    // A replica that was the master: connect anew, the name may lead to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    socketTimeout: answerMs,
    commandTimeout: answerMs,
  };
}
