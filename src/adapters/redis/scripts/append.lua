-- append: carries out transitions of jobs. For each of them ledger, view, answer, indices, feed, fleet stream, place in
-- the queue, dead letters, idempotency key and doorbells change together, or nothing does. What the state becomes is
-- the caller's business. Several in one call are carried out one after the other and do not depend on each other: a
-- call costs more than a transition.
--
-- KEYS  1 fleet (stream)  2 all jobs (zset)  3 delayed (zset)  4 dead letters (stream)  5 upkeep (zset)
--       6-11 the index of each status (zset)
--       12 leases of direct attempts (zset)
--       13.. per transition: view (hash), lane (stream), idempotency (string; the view again where none is)
-- ARGV  1 '1' when this is sent again because the first answer was lost  2 prefix of all keys
--       3 limit per repository, 0 for none  4 fleet doorbell (channel)  5 length of the fleet stream, about
--       6 what the doorbells of jobs begin with
--       7-9 what a view's key is continued by for its ledger (list), answer (string) and feed (stream)
--       10 the transitions as JSON (one text costs far less than many arguments), each a list: job id, expected version
--          (number), status, creation time (ms), attempt, placement (none | enqueue | requeue | delay | lease | remove), when
--          upkeep must look at the job (ms, '' while it runs), which of KEYS is the index to enter and which the one to
--          leave ('' for none), the records (type and line in turn), the extras by name
--       11 what a view's key is continued by for its request (string)  12 lease of a direct attempt (ms)
--       13.. nothing, or per transition: the request of a turn that waits, '' for none
-- Extras: laneName and head (the job is new), repo (with them: counted by the limit)
--         dueAt (ms: for delay), answer, digest and digestTtl (ms: of the idempotency key)
--         requested, leased (a turn ends: it may have a request; it has a lease)
--         letter (add | remove: dead letter), code and error (with it), closed (the records come after the job's end)
--         entry, worker, deliveries (the claim that the caller must hold)
-- Returns per transition: {'appended'} | {'conflict'} | {'unclaimed'} | {'duplicate', job id, digest}
--         | {'failed', error of Redis}
--
-- Invariants: the ledger is the only account of a job; the view has what scripts need to know of it. A job that runs, or
-- waits and is admitted, has one lane entry, named by the view's `entry`; one that is held, delayed, runs by a direct
-- attempt or has ended has none, and it is acknowledged and deleted in the same step: XLEN(lane) = admitted waiting +
-- running. A direct attempt has a lease while it runs. The order of the feed is the order of the calls.
local fleet, jobs, delayed, dead, upkeep = unpack(KEYS, 1, 5)
local resent, prefix, limit, fleetBell, fleetLength, bells, toLedger, toAnswer, toFeed = unpack(ARGV, 1, 9)
limit = tonumber(limit)
local leases, toRequest, leaseMs = KEYS[12], ARGV[11], tonumber(ARGV[12])
local FIRST_KEY, KEYS_EACH, FIRST_REQUEST = 13, 3, 13
local transitions = cjson.decode(ARGV[10])
local APPENDED = { 'appended' }
-- @include admission

local function alreadyThere(ledger, from, records)
  local stored = redis.call('LRANGE', ledger, from, from + #records / 2 - 1)
  for i = 2, #records, 2 do
    if stored[i / 2] ~= records[i] then return false end
  end
  return true
end

-- What several transitions do to one key, gathered: one call costs little more for many members than for one.
-- By command and key; carried out below, in the same step.
local gathered = {}
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
for _, command in ipairs({ 'ZADD', 'ZREM', 'XACK', 'XDEL' }) do gathered[command] = {} end

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

-- `k`: where the keys of the transition begin. `asked`: its request, if it has one.
local function carryOut(k, transition, asked)
  local view, lane, idem = KEYS[k], KEYS[k + 1], KEYS[k + 2]
  local ledger, feed = view .. toLedger, view .. toFeed
  local jobId, expected, status, createdAt, attempt, placement, upkeepAt, enter, left, records, extra =
    unpack(transition)

  if redis.call('LLEN', ledger) ~= expected then
    if resent == '1' and alreadyThere(ledger, expected, records) then return APPENDED end
    return { 'conflict' }
  end
  local entry, repo = false, extra.repo
  local isNew = extra.laneName ~= nil
  if extra.entry or (placement ~= 'none' and not isNew) then
    entry, repo = unpack(redis.call('HMGET', view, 'entry', 'repo'))
    if extra.entry and not isHeldByCaller(lane, entry, extra) then return { 'unclaimed' } end
  end

  if extra.digest then
    local taken = redis.call('GET', idem)
    if taken then
      local cut = string.find(taken, ' ', 1, true)
      return { 'duplicate', string.sub(taken, cut + 1), string.sub(taken, 1, cut - 1) }
    end
    redis.call('SET', idem, extra.digest .. ' ' .. jobId, 'PX', extra.digestTtl)
  end

  for i = 1, #records, 2 do
    local type, record = records[i], records[i + 1]
    redis.call('RPUSH', ledger, record)
    if not extra.closed then redis.call('XADD', feed, '*', 'kind', 'event', 'type', type, 'data', record) end
    redis.call('XADD', fleet, 'MAXLEN', '~', fleetLength, '*',
      'kind', 'event', 'type', type, 'data', record, 'job', jobId)
  end

  if isNew then
    redis.call('HSET', view, 'status', status, 'attempt', attempt, 'lane', extra.laneName)
    if repo then redis.call('HSET', view, 'repo', repo) end
    gather('ZADD', jobs, createdAt, jobId)
  else
    redis.call('HSET', view, 'status', status, 'attempt', attempt)
  end
  if extra.answer then
    local answer = view .. toAnswer
    redis.call('SET', answer, extra.answer)
  end

  local request = view .. toRequest
  if asked and asked ~= '' then redis.call('SET', request, asked) end
  if extra.requested then redis.call('UNLINK', request) end

  if enter ~= '' then gather('ZADD', KEYS[tonumber(enter)], createdAt, jobId) end
  if left ~= '' then gather('ZREM', KEYS[tonumber(left)], jobId) end
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
      admit(jobId, view, lane, repo, isNew and #records == 2 and records[2], extra.head)
    elseif placement == 'requeue' then
      enterLane(jobId, view, lane)
    elseif placement == 'lease' then
      gather('ZADD', leases, string.format('%.0f', nowMs() + leaseMs), jobId)
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

  local bell = bells .. jobId
  redis.call('PUBLISH', bell, '')
  return APPENDED
end

local results = {}
for nth, transition in ipairs(transitions) do
  local went, result = pcall(carryOut, FIRST_KEY + (nth - 1) * KEYS_EACH, transition, ARGV[FIRST_REQUEST + nth - 1])
  if not went then result = { 'failed', type(result) == 'table' and result.err or tostring(result) } end
  results[nth] = result
end

for command, calls in pairs(gathered) do
  for key, args in pairs(calls) do
    redis.call(command, key, unpack(args))
  end
end
redis.call('PUBLISH', fleetBell, '')
return results
