-- append: carries out transitions of jobs. For each of them ledger, view, answer, indices, feed, fleet stream, place in
-- the queue, dead letters, callbacks, idempotency key and doorbells change together, or nothing does. What the state
-- becomes is the caller's business. Several in one call are carried out one after the other and do not depend on each
-- other: a call costs more than a transition.
--
-- KEYS  1 all jobs (zset)  2 delayed (zset)  3 dead letters (stream)  4 upkeep (zset)
--       5 fleet (stream)  6 how many events it was ever given (string)  7 its marks (list)
--       8-13 the index of each status (zset)  14 leases of direct attempts (zset)
-- ARGV  1 '1' when this is sent again because the first answer was lost  2 prefix of all keys
--       3 limit per repository, 0 for none  4 fleet doorbell (channel)  5 how many events the fleet stream keeps, about
--       6-9 what the keys of views (hash), lanes (stream) and idempotency keys (string), and the doorbells of jobs begin with
--       10-12 what a view's key is continued by for its ledger (list), answer and request (strings)
--       13 lease of a direct attempt (ms)
--       14 the transitions as JSON (one text costs far less than many arguments), each a list: job id, expected version
--          (number), status, creation time (ms), attempt, placement (none | enqueue | requeue | delay | lease |
--          remove), lane, when upkeep must look at the job (ms, '' while it runs), which of KEYS is the index to enter
--          and which the one to leave ('' for none), the types of its records, the extras by name
--       15.. in turn of the transitions: the records, and behind them the request of a turn that waits (extra `asked`), for
--          up to 20 MiB would take Redis half a second to read out of JSON
-- Extras: repo (the job is new and counted by the limit)
--         dueAt (ms: for delay), answer, idem, digest and digestTtl (idempotency key, ms)
--         asked (a request comes with it), requested, leased (a turn ends: it may have a request; it has a lease)
--         letter (add | remove: dead letter), code and error (with it), closed (the records come after the job's end)
--         callbackAt (ms: telling its end is due, '' not any more)
--         entry, worker, deliveries (the claim that the caller must hold)
-- Returns per transition: 'appended' | 'conflict' | 'unclaimed' | {'duplicate', job id, digest}
--         | {'failed', error of Redis}
--
-- Invariants: the ledger is the only account of a job; the view has what scripts need to know of it. A job that runs,
-- or waits and is admitted, has one lane entry, named by the view's `entry`; one that is held, delayed, runs by a direct
-- attempt or has ended has none, and it is acknowledged and deleted in the same step: XLEN(lane) = admitted waiting +
-- running. A direct attempt has a lease while it runs. Each record stands in the ledger behind its cursor in the feed, a
-- blank between them, but for those that come after the end of the feed. An entry of the fleet stream has the events of
-- one call, at most 100.
local jobs, delayed, dead, upkeep, fleet, fleetCount, fleetMarks = unpack(KEYS, 1, 7)
local leases = KEYS[14]
local resent, prefix, limit, fleetBell, fleetLength, views, lanes, idems, bells = unpack(ARGV, 1, 9)
local toLedger, toAnswer, toRequest, leaseMs = unpack(ARGV, 10, 13)
limit, fleetLength = tonumber(limit), tonumber(fleetLength)
local transitions = cjson.decode(ARGV[14])
local FIRST_RECORD, FLEET_ENTRY, FLEET_STEP = 15, 100, 1000
-- @include now
-- @include admission

local function alreadyThere(ledger, from, first, count)
  local stored = redis.call('LRANGE', ledger, from, from + count - 1)
  for i = 1, count do
    local line = stored[i] or ''
    if line ~= ARGV[first + i - 1] and string.gsub(line, '^%S+ ', '', 1) ~= ARGV[first + i - 1] then return false end
  end
  return true
end

-- What several transitions do to one key, gathered: one call costs little more for many members than for one.
-- By command and key; carried out below, in the same step.
local gathered = { ZADD = {}, ZREM = {}, XACK = {}, XDEL = {} }
local function gather(command, key, first, second)
  local calls = gathered[command]
  local args = calls[key]
  if not args then
    args = command == 'XACK' and { 'workers' } or {}
    calls[key] = args
  end
  args[#args + 1] = first
  if second then args[#args + 1] = second end
end

local told = {}

local heldBy = {}
local function isHeldByCaller(lane, entry, extra)
  if entry ~= extra.entry then return false end
  local key = lane .. ' ' .. extra.worker
  local held = heldBy[key]
  if not held then
    held = {}
    local from, to, count = entry, entry, 1
    if #transitions > 1 then from, to, count = '-', '+', 10000 end
    local found = redis.pcall('XPENDING', lane, 'workers', from, to, count, extra.worker)
    for _, one in ipairs(found) do held[one[1]] = one[4] end
    heldBy[key] = held
  end
  return held[entry] == tonumber(extra.deliveries)
end

-- `first`: which of ARGV is the first record; the request, if there is one, is behind the last one.
local function carryOut(transition, first)
  local jobId, expected, status, createdAt, attempt, placement, laneName, upkeepAt, enter, left, types, extra =
    unpack(transition)
  local view, lane = views .. jobId, lanes .. laneName
  local ledger = view .. toLedger
  local isNew = expected == 0

  if redis.call('LLEN', ledger) ~= expected then
    if resent == '1' and alreadyThere(ledger, expected, first, #types) then return 'appended' end
    return 'conflict'
  end
  local entry, repo, cursor, saidAt = false, extra.repo, false, false
  if not isNew then
    entry, repo, cursor, saidAt = unpack(redis.call('HMGET', view, 'entry', 'repo', 'cursor', 'saidAt'))
    if saidAt then cursor = laterOf(cursor, saidAt) end
    if extra.entry and not isHeldByCaller(lane, entry, extra) then return 'unclaimed' end
  end

  if extra.digest then
    local idem = idems .. extra.idem
    local taken = redis.call('GET', idem)
    if taken then
      local cut = string.find(taken, ' ', 1, true)
      return { 'duplicate', string.sub(taken, cut + 1), string.sub(taken, 1, cut - 1) }
    end
    redis.call('SET', idem, extra.digest .. ' ' .. jobId, 'PX', extra.digestTtl)
  end

  for i, type in ipairs(types) do
    local record = ARGV[first + i - 1]
    local line = record
    if not extra.closed then
      cursor = cursorAfter(cursor)
      line = cursor .. ' ' .. record
    end
    redis.call('RPUSH', ledger, line)
    told[#told + 1] = type .. ' ' .. jobId
    told[#told + 1] = record
  end

  if isNew then
    local facts = { 'status', status, 'attempt', attempt, 'cursor', cursor, 'lane', laneName }
    if repo then
      facts[9], facts[10] = 'repo', repo
    elseif placement == 'enqueue' then
      facts[9], facts[10] = 'entry', putInLane(jobId, lane, #types == 1 and ARGV[first])
    end
    redis.call('HSET', view, unpack(facts))
    gather('ZADD', jobs, createdAt, jobId)
  else
    redis.call('HSET', view, 'status', status, 'attempt', attempt, 'cursor', cursor or '0-0')
  end
  if extra.answer then
    local answer = view .. toAnswer
    redis.call('SET', answer, extra.answer)
  end
  if extra.asked or extra.requested then
    local request = view .. toRequest
    if extra.asked then redis.call('SET', request, ARGV[first + #types]) end
    if extra.requested then redis.call('UNLINK', request) end
  end

  if enter ~= '' then gather('ZADD', KEYS[enter], createdAt, jobId) end
  if left ~= '' then gather('ZREM', KEYS[left], jobId) end
  if upkeepAt ~= '' then
    gather('ZADD', upkeep, upkeepAt, jobId)
  elseif not isNew then
    gather('ZREM', upkeep, jobId)
  end

  if placement ~= 'none' then
    if not isNew then
      redis.call('HDEL', view, 'entry', 'heldSince', 'heldMs')
      if entry then
        gather('XACK', lane, entry)
        gather('XDEL', lane, entry)
      else
        gather('ZREM', delayed, jobId)
      end
    end
    if placement == 'enqueue' then
      if repo or not isNew then admit(jobId, view, lane, repo) end
    elseif placement == 'requeue' then
      enterLane(jobId, view, lane)
    elseif placement == 'lease' then
      gather('ZADD', leases, string.format('%.0f', nowMs() + tonumber(leaseMs)), jobId)
    else
      if placement == 'delay' then gather('ZADD', delayed, extra.dueAt, jobId) end
      leave(jobId, repo)
    end
    if extra.leased then gather('ZREM', leases, jobId) end
  end

  if extra.letter == 'add' then
    redis.call('HSET', view, 'letter',
      redis.call('XADD', dead, '*', 'jobId', jobId, 'code', extra.code, 'error', extra.error))
  elseif extra.letter == 'remove' then
    redis.call('XDEL', dead, redis.call('HGET', view, 'letter') or '0-0')
    redis.call('HDEL', view, 'letter')
  end

  if extra.callbackAt == '' then
    gather('ZREM', prefix .. 'callbacks', jobId)
  elseif extra.callbackAt then
    gather('ZADD', prefix .. 'callbacks', extra.callbackAt, jobId)
  end

  local bell = bells .. jobId
  redis.call('PUBLISH', bell, '')
  return 'appended'
end

local results, nextRecord = {}, FIRST_RECORD
for nth, transition in ipairs(transitions) do
  local went, result = pcall(carryOut, transition, nextRecord)
  if not went then result = { 'failed', type(result) == 'table' and result.err or tostring(result) } end
  results[nth] = result
  nextRecord = nextRecord + #transition[11] + (transition[12].asked and 1 or 0)
end

for command, calls in pairs(gathered) do
  for key, args in pairs(calls) do
    redis.call(command, key, unpack(args))
  end
end

-- Entries hold different numbers of events, so that the stream is cut by marks: the entry at every thousandth event.
for from = 1, #told, 2 * FLEET_ENTRY do
  local to = math.min(#told, from + 2 * FLEET_ENTRY - 1)
  local id, events = redis.call('XADD', fleet, '*', unpack(told, from, to)), (to - from + 1) / 2
  local count = redis.call('INCRBY', fleetCount, events)
  if count % FLEET_STEP < events and redis.call('RPUSH', fleetMarks, id) > fleetLength / FLEET_STEP then
    local mark = redis.call('LPOP', fleetMarks)
    redis.call('XTRIM', fleet, 'MINID', mark)
  end
end
redis.call('PUBLISH', fleetBell, '')
return results
