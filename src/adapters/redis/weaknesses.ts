// Which promises this Redis cannot keep as it is set up: what it forgets at a kill or a loss of power, whether it
// throws away jobs when it is full, and whether this host and Redis agree on the time. docs/redis.md tells the same story at length.
import type { Redis } from 'ioredis';
import type { Weakness } from '../../ports/bus.js';

/** Undefined: it cannot be seen. */
interface Settings {
  readonly appendonly: string | undefined;
  readonly appendfsync: string | undefined;
  readonly policy: string | undefined;
}

/** Differences up to this change nothing that anybody would notice. */
const CLOCKS_AGREE_MS = 5_000;

/**
 * The weak settings of the Redis behind the connection; CONFIG may be forbidden, then INFO has most of it. `now`: the
 * clock of this host, epoch milliseconds.
 */
export async function findWeaknesses(redis: Redis, now: () => number): Promise<readonly Weakness[]> {
  const settings = await readSettings(redis);
  return [...ofPersistence(settings), ...ofEviction(settings), ...ofClock(await aheadMs(redis, now))];
}

/** By how much the clock of this host is ahead of Redis' at least; below 0 when it is behind. */
async function aheadMs(redis: Redis, now: () => number): Promise<number> {
  const before = now();
  const time = await refusable(redis.time());
  const after = now();
  if (time === undefined) return 0;
  const theirs = Number(time[0]) * 1000 + Number(time[1]) / 1000;
  return Math.max(0, before - theirs) + Math.min(0, after - theirs);
}

async function readSettings(redis: Redis): Promise<Settings> {
  const [appendonly, appendfsync, policy] = await Promise.all(
    ['appendonly', 'appendfsync', 'maxmemory-policy'].map((name) => setting(redis, name)),
  );
  if (appendonly !== undefined && policy !== undefined) return { appendonly, appendfsync, policy };
  const aof = await informed(redis, 'persistence', /^aof_enabled:(\d)/m);
  return {
    appendonly: aof === undefined ? undefined : aof === '1' ? 'yes' : 'no',
    appendfsync: undefined,
    policy: await informed(redis, 'memory', /^maxmemory_policy:([\w-]+)/m),
  };
}

async function setting(redis: Redis, name: string): Promise<string | undefined> {
  const reply: unknown = await refusable(redis.config('GET', name));
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

async function informed(redis: Redis, section: string, field: RegExp): Promise<string | undefined> {
  return field.exec((await refusable(redis.info(section))) ?? '')?.[1];
}

/** Undefined when Redis refuses the command (forbidden, or renamed by whoever runs it). */
async function refusable<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && error.name === 'ReplyError') return undefined;
    throw error;
  }
}

function ofPersistence({ appendonly, appendfsync }: Settings): readonly Weakness[] {
  const always = 'Set appendonly yes and appendfsync always.';
  if (appendonly === undefined)
    return [
      { fact: 'Redis does not tell how it keeps its data.', mend: `See to it with who runs it. ${always}` },
    ];
  if (appendonly === 'no') {
    const fact =
      'Redis keeps no append-only file: when it is killed, everything since its last snapshot is lost.';
    return [{ fact, mend: always }];
  }
  switch (appendfsync) {
    case 'always':
      return [];
    case 'everysec':
      return [
        {
          fact: 'Redis syncs its append-only file once a second: a loss of power takes about a second of accepted jobs.',
          mend: 'Set appendfsync always, or accept it.',
        },
      ];
    case 'no':
      return [
        {
          fact: 'Redis never syncs its append-only file: a loss of power takes what the system had not written yet.',
          mend: 'Set appendfsync always.',
        },
      ];
    default:
      return [
        {
          fact: 'Redis does not tell how it syncs its append-only file (CONFIG GET is refused).',
          mend: 'See to it with who runs it that appendfsync is always, or accept a lost second.',
        },
      ];
  }
}

function ofEviction({ policy }: Settings): readonly Weakness[] {
  if (policy === undefined || policy === 'noeviction') return [];
  const fact = `Redis throws keys away when it is full (maxmemory-policy ${policy}): jobs may vanish.`;
  return [{ fact, mend: 'Set maxmemory-policy noeviction.' }];
}

function ofClock(ahead: number): readonly Weakness[] {
  if (Math.abs(ahead) <= CLOCKS_AGREE_MS) return [];
  const wrong = `${Math.round(Math.abs(ahead) / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of Redis`;
  const fact = `The clock of this host is ${wrong}: jobs expire, are forgotten and are tried again at a wrong time.`;
  return [{ fact, mend: 'Let a time service set the clocks of all hosts.' }];
}
