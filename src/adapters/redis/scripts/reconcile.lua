-- reconcile: compares everything that follows from a job's ledger with what its fold says, and mends it if told. Works
-- beside the fleet: it looks and mends at one moment, and only while the ledger is at the version that was folded.
--
-- KEYS  1 ledger (list)  2 view (string)  3 lane (stream)  4 delayed (zset)  5 put off by upkeep (zset)  6 dead letters (stream)
--       7 held by its repository's limit (zset), the bare prefix for a job without one
--       8 all jobs (zset)  9 what was said (stream)  10 leases (zset)  11 callbacks (zset)
--       12 upkeep in the second of its time (list), the bare prefix while it runs
--       13.. the index of each status (zset)
-- ARGV  1 job id  2 version of the fold  3 '1' to mend  4 status  5 which of KEYS is its index
--       6 creation time (ms)  7 attempt  8 lane name  9 due (ms), where it waits in no place
--       10 when upkeep must look at it (ms), '' while it runs  11 '1' for a dead letter  12 its code  13 its error
--       14 prefix of all keys  15 limit per repository, 0 for none  16 repository to count by, '' for none
--       17 lease (ms) of the direct attempt that runs, '' for none  18 when telling its end is due (ms), '' = not
--       19 '1' when it is known to be in the list of its second
-- Returns the names of what differed (view, indices, upkeep, place, lease, callback, dead letter), or 'changed' when the
-- ledger has another version; then nothing was mended.
--
-- Invariants: those of append.lua and admission.lua. A job that waits nowhere goes into `delayed`, as one that is due.
-- A lease that was missing begins anew: its holder may live.
local ledger, view, lane, delayed, upkeep, dead, held, jobs, said, leases, callbacks = unpack(KEYS, 1, 11)
local dues, FIRST_INDEX = KEYS[12], 13
local jobId, version, mending, status, index, createdAt, attempt, laneName = unpack(ARGV, 1, 8)
local due, upkeepAt, isLetter, code, why = unpack(ARGV, 9, 13)
local prefix, limit, repo, lease, callbackAt = ARGV[14], tonumber(ARGV[15]), ARGV[16], ARGV[17], ARGV[18]
-- @include now
-- @include views
-- @include serve
-- @include admission
local mend = mending == '1'
-- Whatever limit the keeper's own configuration has: the fleet's may be another, and the view knows what it counts by.
local job = viewAt(view)
repo = repo ~= '' and repo or job.repo
if repo then held = prefix .. 'held:' .. repo end
if redis.call('LLEN', ledger) ~= tonumber(version) then return 'changed' end
local differed = {}
local function differs(what) differed[#differed + 1] = what end

-- The entry of the job in a stream: the one the view names, else any. Looks through it only when the view is wrong.
local function entryIn(stream, named)
  if named then
    local found = redis.call('XRANGE', stream, named, named)[1]
    if found and found[2][2] == jobId then return named end
  end
  local from = '-'
  while true do
    local page = redis.call('XRANGE', stream, from, '+', 'COUNT', 1000)
    for _, entry in ipairs(page) do
      if entry[2][2] == jobId then return entry[1] end
    end
    if #page < 1000 then return false end
    from = '(' .. page[#page][1]
  end
end

-- The last cursor of the feed, as its entries say. A packed ledger does not: nothing more comes into its feed.
local function lastCursor()
  local cursor, at = false, tonumber(version)
  while at > 0 and not cursor do
    at = at - 1
    cursor = string.match(redis.call('LINDEX', ledger, at), '^(%d+%-%d+) ')
  end
  local lastSaid = redis.call('XREVRANGE', said, '+', '-', 'COUNT', 1)[1]
  return laterOf(cursor, lastSaid and lastSaid[1]) or '0-0'
end

local cursor, last = laterOf(job.cursor, job.saidAt), lastCursor()
local isAhead = cursor and not isBefore(cursor, last)
if job.status ~= status or job.attempt ~= attempt or job.lane ~= laneName or not isAhead then
  differs('view')
  if mend then
    job.status, job.attempt, job.cursor = status, attempt, isAhead and cursor or last
    note(job, 'lane', laneName)
    note(job, 'repo', repo or job.repo)
    changed(view)
  end
end

local wrong = not redis.call('ZSCORE', jobs, jobId)
for i = FIRST_INDEX, #KEYS do
  local is, should = redis.call('ZSCORE', KEYS[i], jobId), i == tonumber(index)
  wrong = wrong or (is and not should) or (should and not is)
end
if wrong then
  differs('indices')
  if mend then
    redis.call('ZADD', jobs, createdAt, jobId)
    for i = FIRST_INDEX, #KEYS do
      if i == tonumber(index) then redis.call('ZADD', KEYS[i], createdAt, jobId)
      else redis.call('ZREM', KEYS[i], jobId) end
    end
  end
end

-- What is noted down of an earlier state does no harm.
local isNoted = upkeepAt == '' or ARGV[19] == '1' or redis.call('ZSCORE', upkeep, jobId) or redis.call('LPOS', dues, jobId)
if not isNoted then
  differs('upkeep')
  if mend then redis.call('ZADD', upkeep, upkeepAt, jobId) end
end

local named, letter = job.entry, job.letter
local isDelayed = redis.call('ZSCORE', delayed, jobId)
local isHeld = held ~= prefix and redis.call('ZSCORE', held, jobId)
local isThere = named and redis.call('XRANGE', lane, named, named)[1]
local places = (isThere and 1 or 0) + (isDelayed and 1 or 0) + (isHeld and 1 or 0)
local fits = places == 1
if lease ~= '' then fits = places == 0 and not named
elseif status == 'running' then fits = fits and isThere
elseif status ~= 'queued' then fits = places == 0 and not named end
if not fits then
  differs('place')
  if mend then
    redis.call('ZREM', delayed, jobId)
    local entry = entryIn(lane, named)
    job.entry = nil
    note(job, 'heldSince', nil)
    note(job, 'heldMs', nil)
    changed(view)
    if lease ~= '' or (status ~= 'queued' and status ~= 'running') then
      if entry then
        redis.call('XACK', lane, 'workers', entry)
        redis.call('XDEL', lane, entry)
      end
      leave(jobId, repo)
    elseif entry then
      if isHeld then redis.call('ZREM', held, jobId) end
      local admitted = prefix .. 'admitted:' .. (repo or '')
      if repo then redis.call('SADD', admitted, jobId) end
      job.entry = entry
    elseif status == 'running' then
      if isHeld then redis.call('ZREM', held, jobId) end
      enterAsItRan(jobId, view, lane, repo)
    else
      leave(jobId, repo)
      redis.call('ZADD', delayed, due, jobId)
    end
  end
end

local isLeased = redis.call('ZSCORE', leases, jobId)
if (lease ~= '') ~= (isLeased and true or false) then
  differs('lease')
  if mend and isLeased then redis.call('ZREM', leases, jobId)
  elseif mend then redis.call('ZADD', leases, string.format('%.0f', nowMs() + tonumber(lease)), jobId) end
end

-- At which time is not compared: whoever makes it now holds it for a while.
if (callbackAt ~= '') ~= (redis.call('ZSCORE', callbacks, jobId) and true or false) then
  differs('callback')
  if mend and callbackAt == '' then redis.call('ZREM', callbacks, jobId)
  elseif mend then redis.call('ZADD', callbacks, callbackAt, jobId) end
end

local inPile = letter and redis.call('XRANGE', dead, letter, letter)[1]
if (isLetter == '1') ~= (inPile and true or false) then
  differs('dead letter')
  if mend then
    letter = inPile and letter or entryIn(dead, letter)
    if isLetter == '1' then
      note(job, 'letter', letter or redis.call('XADD', dead, '*', 'jobId', jobId, 'code', code, 'error', why))
    else
      redis.call('XDEL', dead, letter)
      note(job, 'letter', nil)
    end
    changed(view)
  end
end
saveViews()
serveEntered()
return differed
