-- append: carries out one transition of a job. Ledger, view, answer, indices, feed, fleet stream, place in the queue,
-- idempotency key and doorbells change together, or nothing does. What the state becomes is the caller's business.
--
-- KEYS  1 ledger (list)  2 view (hash)  3 answer (string)  4 feed (stream)  5 fleet (stream)
--       6 all jobs (zset)  7 delayed (zset)  8 lane (stream)  9 idempotency (string)  10 upkeep (zset)
--       11.. the index of each status (zset)
-- ARGV  1 job id  2 expected version  3 '1' when this is sent again because the first answer was lost
--       4 status  5 which of KEYS is its index  6 creation time (ms)  7 attempt  8 head  9 lane name
--       10 the order as JSON, '' unless the job is new  11 the rest of the state as JSON
--       12 placement: none | enqueue | requeue | delay | remove  13 until (ms), for delay
--       14 '1' when there is an answer  15 answer
--       16 digest, '' without idempotency key  17 its ttl (ms)
--       18 job doorbell (channel)  19 fleet doorbell (channel)  20 length of the fleet stream, about
--       21 when upkeep must look at the job (ms), '' while it runs
--       22.. per record: type, ledger record, fleet record ('' = the same)
-- Returns {'appended'} | {'conflict'} | {'duplicate', job id, digest}
--
-- Invariants: LLEN(ledger) = version of the view. A job that waits or runs has one lane entry, named by the view's
-- `entry`; one that is delayed or has ended has none, and it is acknowledged and deleted in the same step: XLEN(lane)
-- = waiting + running. The order of the feed is the order of the calls.
local ledger, view, answer, feed, fleet, jobs, delayed, lane, idem, upkeep = unpack(KEYS, 1, 10)
local jobId, expected, resent, status, index, createdAt, attempt, head, laneName = unpack(ARGV, 1, 9)
local order, state, placement, dueAt, answered, answerText, digest, digestTtl = unpack(ARGV, 10, 17)
local FIRST = 22

local function alreadyThere(from)
  local count = (#ARGV - FIRST + 1) / 3
  local stored = redis.call('LRANGE', ledger, from, from + count - 1)
  if #stored < count then return false end
  for i = 1, count do
    if stored[i] ~= ARGV[FIRST + (i - 1) * 3 + 1] then return false end
  end
  return true
end

if redis.call('LLEN', ledger) ~= tonumber(expected) then
  if resent == '1' and alreadyThere(tonumber(expected)) then return { 'appended' } end
  return { 'conflict' }
end

if digest ~= '' then
  local taken = redis.call('GET', idem)
  if taken then
    local cut = string.find(taken, ' ', 1, true)
    return { 'duplicate', string.sub(taken, cut + 1), string.sub(taken, 1, cut - 1) }
  end
  redis.call('SET', idem, digest .. ' ' .. jobId, 'PX', digestTtl)
end

local was, entry = unpack(redis.call('HMGET', view, 'status', 'entry'))

local version = 0
for i = FIRST, #ARGV, 3 do
  local type, record, fleetRecord = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if fleetRecord == '' then fleetRecord = record end
  version = redis.call('RPUSH', ledger, record)
  redis.call('XADD', feed, '*', 'kind', 'event', 'type', type, 'data', record)
  redis.call('XADD', fleet, 'MAXLEN', '~', ARGV[20], '*', 'kind', 'event', 'type', type, 'data', fleetRecord)
end

redis.call('HSET', view, 'version', version, 'status', status, 'attempt', attempt, 'head', head,
  'createdAt', createdAt, 'lane', laneName, 'state', state)
if order ~= '' then redis.call('HSET', view, 'order', order) end
if answered == '1' then redis.call('SET', answer, answerText) end

if was ~= status then
  redis.call('ZADD', jobs, createdAt, jobId)
  for i = 11, #KEYS do
    if i == tonumber(index) then
      redis.call('ZADD', KEYS[i], createdAt, jobId)
    else
      redis.call('ZREM', KEYS[i], jobId)
    end
  end
end

if ARGV[21] == '' then
  redis.call('ZREM', upkeep, jobId)
else
  redis.call('ZADD', upkeep, ARGV[21], jobId)
end

if placement ~= 'none' then
  redis.call('ZREM', delayed, jobId)
  if entry then
    redis.call('XACK', lane, 'workers', entry)
    redis.call('XDEL', lane, entry)
    redis.call('HDEL', view, 'entry')
  end
  if placement == 'enqueue' or placement == 'requeue' then
    redis.call('HSET', view, 'entry', redis.call('XADD', lane, '*', 'jobId', jobId))
  elseif placement == 'delay' then
    redis.call('ZADD', delayed, dueAt, jobId)
  end
end

redis.call('PUBLISH', ARGV[18], '')
redis.call('PUBLISH', ARGV[19], '')
return { 'appended' }
