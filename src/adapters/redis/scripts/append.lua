-- append: carries out transitions of jobs. For each of them ledger, view, answer, indices, feed, fleet stream, place in
-- the queue, dead letters, callbacks, idempotency key and doorbells change together, or nothing does. What the state
-- becomes is the caller's business. One call has transitions of many jobs, which do not depend on each other: a call
-- costs more than a transition, and a command more than another member of it.
--
-- K     prefix (of all keys), limit (per repository, 0 for none), leaseMs (of a direct attempt), claimedMs (how long a call
--       may be sent again), fleetLength (how many entries the fleet stream keeps, about), fleetBell (channel)
--       the keys jobs, delayed, dueSeconds, leases, callbacks (zsets), dead, fleet (streams); what the keys of indices (zset of
--       each status), views (string), lanes (stream), idempotency keys (string), claimed calls (string) and seconds of upkeep
--       (list) begin with: toIndex, toView, toLane, toIdem, toClaimed, toDue; and what a view's key is continued by for its
--       ledger (list), answer and request (strings): toLedger, toAnswer, toRequest
-- KEYS  1 fleet (all keys of the bus are in its slot)
-- ARGV  1 '1' when this is sent again because the first answer was lost  2 a name that no other call has
--       3 the transitions, as JSON: groups of those that do the same, by the names below
--       4.. in turn of groups and jobs: the records, and behind them the request of a turn that waits (extra `asked`), for
--          up to 20 MiB would take Redis half a second to read out of JSON
-- Group: status, placement (none | enqueue | requeue | delay | lease | remove), lane, enter and left (the status whose
--         index to enter and the one to leave; absent for none), records (how many each), isNew (their ledgers are
--         empty), worker (they must be claimed by it), oldest and newest (of the entries in claims), nextFor (the worker
--         for which as many entries of the lane are claimed as jobs are appended, if so many wait), start (how first
--         attempts of those start, see start.lua; absent when none may), events (of all its jobs, as the fleet stream names
--         them); and in turn of the jobs lists of: ids, versions (before), created (ms), attempts, heads (what enqueue puts
--         into the lane before the record, see admission.lua), upkeep (the second in which to look at each; absent while
--         they run), claims (lane entry and deliveries that the worker must have, in turn; absent without one),
--         extras (absent when no job has any; else by its position from 1, by name)
-- Extras: repo (counted by the limit; of a new job), dueAt (ms: for delay), answer, idem, digest and digestTtl
--         (idempotency key, ms), asked (a request comes with it), requested, leased (a turn ends: it may have a request; it
--         has a lease), letter (add | remove: dead letter), code and error (with it), closed (the records come after the
--         job's end), callbackAt (ms: telling its end is due, '' not any more)
-- Returns 1 when all were appended and nothing was claimed, else {results, claimed}: 1 when all were appended, else in turn
--         of groups and jobs 'appended' | 'conflict' | 'unclaimed' | {'duplicate', job id, digest} | {'failed', error of
--         Redis}; and in turn of groups, if any claims, the entries that were claimed, each with the time (ms) behind it if its
--         job has started
--
-- Invariants: the ledger is the only account of a job; the view has what scripts need to know of it. A job that runs,
-- or waits and is admitted, has one lane entry, named by the view's `entry`; one that is held, delayed, runs by a direct
-- attempt or has ended has none, and it is acknowledged and deleted in the same step: XLEN(lane) = admitted waiting +
-- running. A direct attempt has a lease while it runs. Each record stands in the ledger behind its cursor in the feed, a
-- blank between them, but for those that come after the end of the feed. An entry of the fleet stream has one field,
-- `events`: job id, version of the first event and how many, again and again, divided by blanks; the doorbell rings with
-- the same. No call has a job or an idempotency key twice.
local prefix, limit = K.prefix, K.limit
local resent, call, groups = ARGV[1], ARGV[2], cjson.decode(ARGV[3])
local FIRST_RECORD, NO_EXTRAS = 4, {}
-- @include now
-- @include views
-- @include serve
-- @include admission
-- @include extras
-- @include ledger

local function alreadyThere(ledger, from, first, count)
  local stored = redis.pcall('LRANGE', ledger, from, from + count - 1)
  for i = 1, count do
    local line = stored[i] or ''
    if line ~= ARGV[first + i - 1] and string.gsub(line, '^%S+ ', '', 1) ~= ARGV[first + i - 1] then return false end
  end
  return true
end

local heldBy = {}
local function isClaimed(group, nth, entry)
  local wanted = group.claims[2 * nth - 1]
  if entry ~= wanted then return false end
  local held = heldBy[group]
  if not held then
    held = {}
    heldBy[group] = held
    local lane, worker = K.toLane .. group.lane, group.worker
    local found = redis.pcall('XPENDING', lane, 'workers', group.oldest, group.newest, 10000, worker)
    for _, one in ipairs(found) do held[one[1]] = one[4] end
  end
  return held[wanted] == tonumber(group.claims[2 * nth])
end

-- Nil when nothing speaks against it, but for the length of the ledger, which `write` looks at. `first`: which of ARGV is
-- the first record.
local function refusal(group, nth, view, extra, first)
  if resent == '1' and alreadyThere(view .. K.toLedger, group.versions[nth], first, group.records) then return 'appended' end
  if group.worker and not isClaimed(group, nth, viewAt(view).entry) then return 'unclaimed' end
  if extra.digest then
    local idem = K.toIdem .. extra.idem
    local taken = redis.call('GET', idem)
    if taken then
      local cut = string.find(taken, ' ', 1, true)
      return { 'duplicate', string.sub(taken, cut + 1), string.sub(taken, 1, cut - 1) }
    end
  end
end

-- Where the job waits or runs from now on; its former lane entry, if it had one, goes into `gone`.
local function place(group, nth, job, view, lane, extra, record, gone)
  local jobId, placement, repo = group.ids[nth], group.placement, extra.repo or job.repo
  if group.isNew then
    if repo then note(job, 'repo', repo) end
  else
    if job.entry then gone[#gone + 1] = job.entry else redis.call('ZREM', K.delayed, jobId) end
    job.entry = nil
    if job.heldMs then note(job, 'heldMs', nil) end
    if job.heldSince then note(job, 'heldSince', nil) end
  end
  if placement == 'enqueue' and repo then
    admit(jobId, view, lane, repo)
  elseif placement == 'enqueue' then
    job.entry = putInLane(jobId, lane, record and group.heads[nth] .. ' ' .. record)
  elseif placement == 'requeue' then
    job.entry = putInLane(jobId, lane)
  elseif placement == 'lease' then
    redis.call('ZADD', K.leases, string.format('%.0f', nowMs() + K.leaseMs), jobId)
  else
    if placement == 'delay' then redis.call('ZADD', K.delayed, extra.dueAt, jobId) end
    leave(jobId, repo)
  end
end

-- What is a job's alone; false when its ledger is not as long as it should be. `first`: which of ARGV is the first record.
local lines = {} -- one list for all jobs, as long as the longest needs
local function append(group, nth, view, lane, extra, first, gone)
  local jobId, job, count = group.ids[nth], group.isNew and {} or viewAt(view), group.records
  local cursor = laterOf(job.cursor, job.saidAt)
  for n = 1, count do
    lines[n] = ARGV[first + n - 1]
    if not extra.closed then
      cursor = cursorAfter(cursor)
      lines[n] = cursor .. ' ' .. lines[n]
    end
  end
  if not write(view .. K.toLedger, group.versions[nth], count, unpack(lines, 1, count)) then return false end
  if group.isNew then beginView(view, job) end
  job.status, job.attempt, job.cursor, job.lane = group.status, group.attempts[nth], cursor or '0-0', group.lane
  changed(view)
  if group.placement ~= 'none' then place(group, nth, job, view, lane, extra, count == 1 and ARGV[first], gone) end
  if extra ~= NO_EXTRAS then writeExtras(job, jobId, view, extra, ARGV[first + count]) end
  return true
end

-- What the fleet stream names of a group: all, or `ids`, which are those of its jobs that were appended, in their order.
local function tell(group, ids)
  if #ids == #group.ids then
    told[#told + 1] = group.events
    return
  end
  local n = 1
  for nth, jobId in ipairs(group.ids) do
    if jobId == ids[n] then
      told[#told + 1] = string.format('%s %.0f %.0f', jobId, group.versions[nth] + 1, group.records)
      n = n + 1
    end
  end
end

-- @include start
-- @include told-again
-- @include filing
-- @include next

local looked, claims = {}, false
for _, group in ipairs(groups) do
  local viewsOf = {}
  for nth, jobId in ipairs(group.ids) do
    local view = K.toView .. jobId
    viewsOf[nth] = view
    if not group.isNew then looked[#looked + 1] = view end
  end
  group.views = viewsOf
  claims = claims or group.nextFor
end
loadViews(looked)

local results, nextRecord, allAppended = {}, FIRST_RECORD, true
for _, group in ipairs(groups) do
  local lane = K.toLane .. group.lane
  local ids, scored, due, gone = {}, {}, {}, {}
  for nth, jobId in ipairs(group.ids) do
    local view, extra, first = group.views[nth], group.extras and group.extras[tostring(nth)] or NO_EXTRAS, nextRecord
    local result = refusal(group, nth, view, extra, first)
    if not result then
      local went, fits = pcall(append, group, nth, view, lane, extra, first, gone)
      if went then
        result = fits and 'appended' or 'conflict'
      else
        result = { 'failed', type(fits) == 'table' and fits.err or tostring(fits) }
      end
      if result == 'appended' then
        local n = #ids + 1
        ids[n], scored[2 * n - 1], scored[2 * n] = jobId, group.created[nth], jobId
        if group.upkeep then due[2 * n - 1], due[2 * n] = group.upkeep[nth], jobId end
      end
    end
    results[#results + 1] = result
    allAppended = allAppended and result == 'appended'
    nextRecord = first + group.records + (extra.asked and 1 or 0)
  end
  drop(lane, gone)
  tell(group, ids)
  group.appended, group.ofAppended = #ids, { ids, scored, due }
end

serveEntered(startFirst)
local claimed, anyClaimed = {}, false
if claims then claimed, anyClaimed = claimNext() end
for _, group in ipairs(groups) do file(group, unpack(group.ofAppended)) end
fileStarted()
saveViews()
announce()
if allAppended and not anyClaimed then return 1 end
return { allAppended and 1 or results, claimed }
