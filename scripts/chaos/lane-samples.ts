// The number that an autoscaler reads, looked at all along: at one moment the lane holds exactly the jobs that wait or
// run, as their views tell it, and each of these views names its entry.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Keys } from '../../src/adapters/redis/keys.js';
import { type Course, note } from './course.js';

const INTERVAL_MS = 150;
const LANE = 'jobs';

/**
 * KEYS  1 lane  2 all jobs  3 delayed
 * ARGV  1 what the key of a view begins with  2 pattern of the sets of jobs held back
 * Returns {XLEN, how many jobs belong into the lane, how many are delayed or held, how many have ended, sentences}
 */
const SNAPSHOT = `
local away, held, awayCount, ended, expected, strange = {}, {}, 0, 0, 0, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do away[id] = true end
for _, key in ipairs(redis.call('KEYS', ARGV[2])) do
  for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do away[id] = true end
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local status, entry = unpack(redis.call('HMGET', ARGV[1] .. id, 'status', 'entry'))
  local isOpen = status == 'queued' or status == 'running'
  if not isOpen then ended = ended + 1 end
  if isOpen and not away[id] then
    expected = expected + 1
    if not entry then strange[#strange + 1] = id .. ' is ' .. status .. ' and has no lane entry'
    elseif #redis.call('XRANGE', KEYS[1], entry, entry) == 0 then
      strange[#strange + 1] = id .. ' is ' .. status .. ' and its lane entry is gone'
    end
  elseif entry then
    strange[#strange + 1] = id .. ' is ' .. tostring(status) .. (isOpen and ' and put aside' or '') .. ' and has a lane entry'
  end
  if isOpen and away[id] then awayCount = awayCount + 1 end
end
return { redis.call('XLEN', KEYS[1]), expected, awayCount, ended, strange }`;

export interface LaneSamples {
  /** Good looks so far. */
  readonly taken: () => number;
  /** Looks that Redis did not answer. */
  readonly missed: () => number;
  readonly highest: () => number;
}

/** Looks several times a second until the signal aborts, and keeps the course told of how many jobs have ended. */
export function sampleLane(redis: Redis, keys: Keys, course: Course, signal: AbortSignal): LaneSamples {
  let [taken, missed, highest] = [0, 0, 0];

  async function look(): Promise<void> {
    const scriptKeys = [keys.lane(LANE), keys.jobs, keys.delayed];
    const heldKeys = `${escapeGlob(keys.jobs.replace(/jobs$/, 'held:'))}*`;
    const reply = await redis.eval(SNAPSHOT, scriptKeys.length, ...scriptKeys, keys.view(''), heldKeys);
    const [length, expected, , ended, strange] = reply as [number, number, number, number, string[]];
    taken += 1;
    highest = Math.max(highest, length);
    course.ended = ended;
    if (length !== expected) note(course, 'lane', `the lane had ${length} entries instead of ${expected}`);
    for (const sentence of strange) note(course, 'lane', `job ${sentence}`);
  }
  void (async () => {
    while (!signal.aborted) {
      await look().catch(() => {
        missed += 1;
      });
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  })();
  return { taken: () => taken, missed: () => missed, highest: () => highest };
}

const escapeGlob = (text: string): string => text.replace(/[[\]*?\\]/g, '\\$&');
