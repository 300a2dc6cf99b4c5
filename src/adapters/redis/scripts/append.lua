-- append: carries out one transition of a job. Ledger, view, answer, indices, feed, fleet stream, place in the queue,
-- dead letters, idempotency key and doorbells change together, or nothing does. What the state becomes is the caller's
-- business.
--
-- KEYS  1 ledger (list)  2 view (hash)  3 answer (string)  4 feed (stream)  5 fleet (stream)
--       6 all jobs (zset)  7 delayed (zset)  8 lane (stream)  9 idempotency (string)  10 dead letters (stream)
--       11 upkeep (zset)  12 the index to enter (zset)  13 the index to leave (zset); the bare prefix where there is none
-- ARGV  1 job id  2 expected version  3 '1' when this is sent again because the first answer was lost
--       4 status  5 creation time (ms)  6 attempt  7 head  8 lane name
--       9 the order as JSON, '' unless the job is new  10 the rest of the state as JSON
--       11 placement: none | enqueue | requeue | delay | remove  12 until (ms), for delay
--       13 prefix of all keys  14 limit per repository, 0 for none  15 repository to count by, '' for none
--       16 '1' when there is an answer  17 answer
--       18 digest, '' without idempotency key  19 its ttl (ms)
--       20 dead letter: none | add | remove  21 its code  22 its error
--       23 lane entry that the caller must hold, '' for none  24 worker that holds it  25 delivery count of the claim
--       26 job doorbell (channel)  27 fleet doorbell (channel)  28 length of the fleet stream, about
--       29 when upkeep must look at the job (ms), '' while it runs
--       30 '1' when the records come after the end of the job: its feed is closed
--       31.. per record: type, ledger record, fleet record ('' = the same)
-- Returns {'appended'} | {'conflict'} | {'unclaimed'} | {'duplicate', job id, digest}
--
-- Invariants: LLEN(ledger) = version of the view. A job that runs, or waits and is admitted, has one lane entry, named
-- by the view's `entry`; one that is held, delayed or has ended has none, and it is acknowledged and deleted in the
-- same step: XLEN(lane) = admitted waiting + running. The order of the feed is the order of the calls.
local ledger, view, answer, feed, fleet, jobs, delayed, lane, idem, dead, upkeep, enter, left = unpack(KEYS)
local jobId, expected, resent, status, createdAt, attempt, head, laneName = unpack(ARGV, 1, 8)
local order, state, placement, dueAt, prefix, limit, newRepo = unpack(ARGV, 9, 15)
local answered, answerText, digest, digestTtl, letter, letterCode, letterError = unpack(ARGV, 16, 22)
local claimed, worker, deliveries, jobBell, fleetBell, fleetLength, upkeepAt, isAfterEnd = unpack(ARGV, 23, 30)
limit = tonumber(limit)
local FIRST = 31
-- @include admission

local function alreadyThere(from)
  local count = (#ARGV - FIRST + 1) / 3
  local stored = redis.call('LRANGE', ledger, from, from + count - 1)
  if #stored < count then return false end
  for i = 1, count do
    if stored[i] ~= ARGV[FIRST + (i - 1) * 3 + 1] then return false end
  end
  return true
end

local function isHeldByCaller()
  if redis.call('HGET', view, 'entry') ~= claimed then return false end
  local held = redis.pcall('XPENDING', lane, 'workers', claimed, claimed, 1, worker)
  return not held.err and #held == 1 and held[1][4] == tonumber(deliveries)
end

if redis.call('LLEN', ledger) ~= tonumber(expected) then
  if resent == '1' and alreadyThere(tonumber(expected)) then return { 'appended' } end
  return { 'conflict' }
end
if claimed ~= '' and not isHeldByCaller() then return { 'unclaimed' } end

if digest ~= '' then
  local taken = redis.call('GET', idem)
  if taken then
    local cut = string.find(taken, ' ', 1, true)
    return { 'duplicate', string.sub(taken, cut + 1), string.sub(taken, 1, cut - 1) }
  end
  redis.call('SET', idem, digest .. ' ' .. jobId, 'PX', digestTtl)
end

local version = 0
for i = FIRST, #ARGV, 3 do
  local type, record, fleetRecord = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if fleetRecord == '' then fleetRecord = record end
  version = redis.call('RPUSH', ledger, record)
  if isAfterEnd == '' then redis.call('XADD', feed, '*', 'kind', 'event', 'type', type, 'data', record) end
  redis.call('XADD', fleet, 'MAXLEN', '~', fleetLength, '*', 'kind', 'event', 'type', type, 'data', fleetRecord)
end

redis.call('HSET', view, 'version', version, 'status', status, 'attempt', attempt, 'head', head, 'state', state)
if order ~= '' then
  redis.call('HSET', view, 'createdAt', createdAt, 'lane', laneName, 'order', order)
  if newRepo ~= '' then redis.call('HSET', view, 'repo', newRepo) end
  redis.call('ZADD', jobs, createdAt, jobId)
end
if answered == '1' then redis.call('SET', answer, answerText) end

if enter ~= prefix then redis.call('ZADD', enter, createdAt, jobId) end
if left ~= prefix then redis.call('ZREM', left, jobId) end
if upkeepAt == '' then
  redis.call('ZREM', upkeep, jobId)
else
  redis.call('ZADD', upkeep, upkeepAt, jobId)
end

if placement ~= 'none' then
  local entry, repo = unpack(redis.call('HMGET', view, 'entry', 'repo'))
  if entry then
    redis.call('XACK', lane, 'workers', entry)
    redis.call('XDEL', lane, entry)
  end
  redis.call('ZREM', delayed, jobId)
  redis.call('HDEL', view, 'entry', 'heldSince', 'heldMs')
  if placement == 'enqueue' then
    admit(jobId, view, lane, repo)
  elseif placement == 'requeue' then
    enterLane(jobId, view, lane)
  else
    if placement == 'delay' then redis.call('ZADD', delayed, dueAt, jobId) end
    leave(jobId, repo)
  end
end

if letter == 'add' then
  redis.call('HSET', view, 'letter',
    redis.call('XADD', dead, '*', 'jobId', jobId, 'code', letterCode, 'error', letterError))
elseif letter == 'remove' then
  redis.call('XDEL', dead, redis.call('HGET', view, 'letter') or '0-0')
  redis.call('HDEL', view, 'letter')
end

redis.call('PUBLISH', jobBell, '')
redis.call('PUBLISH', fleetBell, '')
return { 'appended' }
