-- next: part of append.lua; not run by itself. Entries for the slots that ends have freed are claimed when all that the call
-- asks for is written; and first attempts start with that, as StartAttempt would start them.
--
-- Start: before and behind (the record of a first attempt, but for the hash of the one before it), at (its time, ms),
--        breaker (key: while it is there, nothing is started)
--
-- Invariants: nothing is claimed of a lane that something was put into: idle workers who wait there come first, and Redis
-- serves them behind the script. An attempt starts so only if its job is as it came in, its entry is the claimed one, its wait
-- has not expired, and the call is not sent again, with a time long past; all others are left to their holder. What was
-- claimed is kept while the call may be sent again: it has the same answer then.

-- What starting does to indices, as of a group.
local STARTED = { enter = 'running', left = 'queued' }

-- The view of a job that came in and waits since: cursor, lane entry, and what stands behind that.
local FRESH = '^queued 0 (%S+) (%S+)( .*)$'

-- What one that has started is filed by, and its view; nil when it is left to its holder.
local function startOne(start, entry, view, text)
  local head, created, expiry = string.match(entry[2][4] or '', '^(%x+) (%d+) (%d+) ')
  local last, named, rest = string.match(text or '', FRESH)
  if not head or named ~= entry[1] or tonumber(expiry) <= start.at then return end
  local cursor = cursorAfter(last)
  local line = cursor .. ' ' .. start.before .. head .. start.behind
  local went, fits = pcall(write, view .. K.toLedger, 1, 1, line)
  if went and fits then return created, 'running 1 ' .. cursor .. ' ' .. named .. rest end
end

-- Marks the entries whose jobs have started.
local function startFirst(start, entries)
  local breaker = start.breaker
  if redis.call('EXISTS', breaker) == 1 then return end
  local looked, ids, scored, saved = {}, {}, {}, {}
  for nth, entry in ipairs(entries) do looked[nth] = K.toView .. entry[2][2] end
  local texts = redis.call('MGET', unpack(looked))
  for nth, entry in ipairs(entries) do
    local created, text = startOne(start, entry, looked[nth], texts[nth])
    if created then
      local n, jobId = #ids + 1, entry[2][2]
      ids[n], scored[2 * n - 1], scored[2 * n] = jobId, created, jobId
      saved[2 * n - 1], saved[2 * n] = looked[nth], text
      entry[3] = 1
    end
  end
  if #ids == 0 then return end
  redis.call('MSET', unpack(saved))
  file(STARTED, nil, ids, scored, {}, {})
  told[#told + 1] = table.concat(ids, ' 2 1 ') .. ' 2 1'
end

local function claimFor(group)
  local lane = K.toLane .. group.lane
  if not group.nextFor or group.appended == 0 or entered[lane] then return {} end
  local read = redis.pcall('XREADGROUP', 'GROUP', 'workers', group.nextFor, 'COUNT', group.appended, 'STREAMS', lane, '>')
  if not read or read.err then return {} end
  if group.start and resent ~= '1' then startFirst(group.start, read[1][2]) end
  return read[1][2]
end

-- An entry that the first call claimed, if it is still held so.
local function entryHeld(lane, worker, id)
  local held = redis.pcall('XPENDING', lane, 'workers', id, id, 1, worker)
  local entry = redis.pcall('XRANGE', lane, id, id)[1]
  if not (entry and held[1]) or held[1][4] ~= 1 then return end
  if viewAt(K.toView .. entry[2][2]).status == 'running' then entry[3] = 1 end
  return entry
end

local function claimedAtFirst(kept)
  local claimed = {}
  for which, ids in string.gmatch(kept, '(%d+):([^;]*)') do
    local group, entries = groups[tonumber(which)], {}
    for id in string.gmatch(ids, '%S+') do entries[#entries + 1] = entryHeld(K.toLane .. group.lane, group.nextFor, id) end
    claimed[tonumber(which)] = entries
  end
  return claimed
end

-- In turn of groups the entries; and whether there are any.
local function claimNext()
  local keptAt = K.toClaimed .. call
  local kept = resent == '1' and redis.call('GET', keptAt)
  if kept then return claimedAtFirst(kept), true end
  local claimed, named, any = {}, {}, false
  for which, group in ipairs(groups) do
    local ids = {}
    claimed[which] = claimFor(group)
    for nth, entry in ipairs(claimed[which]) do ids[nth] = entry[1] end
    any = any or #ids > 0
    named[which] = which .. ':' .. table.concat(ids, ' ')
  end
  if any then redis.call('SET', keptAt, table.concat(named, ';'), 'PX', K.claimedMs) end
  return claimed, any
end
