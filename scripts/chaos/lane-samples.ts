// The number that an autoscaler reads, looked at all along: at one moment the lane holds exactly the jobs that wait or
// run, as their views tell it, and each of these views names its entry.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Keys } from '../../src/adapters/redis/keys.js';
import { type Course, note } from './course.js';
import { JOBS_PER_REPOSITORY } from './fleet.js';

const INTERVAL_MS = 150;
const LANE = 'jobs';

/**
 * KEYS  1 lane  2 all jobs  3 delayed
 * ARGV  1 what every key begins with  2 the limit of a repository
 * Returns {XLEN, how many jobs belong into the lane, how many are held back, how many have ended, sentences about the
 * lane, sentences about the limit}
 */
const SNAPSHOT = `
local prefix, limit = ARGV[1], tonumber(ARGV[2])
local away, heldCount, ended, expected, strange, unfair, inLane = {}, 0, 0, 0, {}, {}, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do away[id] = 'delayed' end
for _, key in ipairs(redis.call('KEYS', prefix .. 'held:*')) do
  local repo = string.sub(key, #prefix + 6)
  local ids = redis.call('ZRANGE', key, 0, -1)
  heldCount = heldCount + #ids
  for _, id in ipairs(ids) do
    if away[id] then strange[#strange + 1] = id .. ' is delayed and held' end
    away[id] = 'held'
  end
  local admitted = redis.call('SCARD', prefix .. 'admitted:' .. repo)
  if #ids > 0 and admitted < limit then
    unfair[#unfair + 1] = #ids .. ' jobs of ' .. repo .. ' are held although only ' .. admitted .. ' are admitted'
  end
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local view = redis.call('GET', prefix .. 'job:' .. id) or ''
  local status, entry = string.match(view, '^(%S+) %S+ %S+ (%S+)')
  local repo = string.match(view, ' repo=(%S+)')
  if entry == '-' then entry = nil end
  local isOpen = status == 'queued' or status == 'running'
  if not isOpen then ended = ended + 1 end
  if isOpen and not away[id] then
    expected = expected + 1
    if repo then inLane[repo] = (inLane[repo] or 0) + 1 end
    if not entry then strange[#strange + 1] = id .. ' is ' .. status .. ' and has no lane entry'
    elseif #redis.call('XRANGE', KEYS[1], entry, entry) == 0 then
      strange[#strange + 1] = id .. ' is ' .. status .. ' and its lane entry is gone'
    end
  elseif entry then
    strange[#strange + 1] = id .. ' is ' .. (away[id] or tostring(status)) .. ' and has a lane entry'
  end
end
for _, key in ipairs(redis.call('KEYS', prefix .. 'admitted:*')) do
  local repo = string.sub(key, #prefix + 10)
  local admitted = redis.call('SCARD', key)
  if admitted ~= (inLane[repo] or 0) then
    unfair[#unfair + 1] = admitted .. ' jobs of ' .. repo .. ' are admitted, ' .. (inLane[repo] or 0) .. ' in the lane'
  end
end
for repo, count in pairs(inLane) do
  if count > limit then unfair[#unfair + 1] = count .. ' jobs of ' .. repo .. ' are in the lane' end
end
return { redis.call('XLEN', KEYS[1]), expected, heldCount, ended, strange, unfair }`;

type Snapshot = [number, number, number, number, string[], string[]];

export interface LaneSamples {
  /** Good looks so far. */
  readonly taken: () => number;
  /** Looks that Redis did not answer. */
  readonly missed: () => number;
  /** Most entries in the lane. */
  readonly highest: () => number;
  /** Most jobs held back. */
  readonly mostHeld: () => number;
}

/** Looks several times a second until the signal aborts, and keeps the course told of how many jobs have ended. */
export function sampleLane(redis: Redis, keys: Keys, course: Course, signal: AbortSignal): LaneSamples {
  let [taken, missed, highest, mostHeld] = [0, 0, 0, 0];

  async function look(): Promise<void> {
    const scriptKeys = [keys.lane(LANE), keys.jobs, keys.delayed];
    const prefix = keys.view('').replace(/job:$/, '');
    const reply = await redis.eval(SNAPSHOT, scriptKeys.length, ...scriptKeys, prefix, JOBS_PER_REPOSITORY);
    const [length, expected, held, ended, strange, unfair] = reply as Snapshot;
    taken += 1;
    highest = Math.max(highest, length);
    mostHeld = Math.max(mostHeld, held);
    course.ended = ended;
    if (length !== expected) note(course, 'lane', `the lane had ${length} entries instead of ${expected}`);
    for (const sentence of strange) note(course, 'lane', `job ${sentence}`);
    for (const sentence of unfair) note(course, 'limit', sentence);
  }
  void (async () => {
    while (!signal.aborted) {
      await look().catch(() => {
        missed += 1;
      });
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  })();
  return { taken: () => taken, missed: () => missed, highest: () => highest, mostHeld: () => mostHeld };
}
