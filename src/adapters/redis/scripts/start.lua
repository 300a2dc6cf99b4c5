-- start: part of scripts that claim; not run by itself. First attempts start in the script that claims their jobs, as
-- StartAttempt would start them.
--
-- Start: lead, before and behind (the record of a first attempt, but for its time, ms, and the hash of the one before it),
--        breaker (key: while it is there, nothing is started)
-- Wants now.lua, views.lua and ledger.lua before it. The third member of an entry is when its job has started (ms), if it has.
--
-- Invariant: an attempt starts so only if its job is as it came in, its entry is the claimed one, and its wait has not
-- expired; all others are left to their holder.

-- More would not fit into one command.
local MOST_STARTED = 1000

-- The jobs that have started in this script, and each with its creation time before it; and those of them that were filed
-- before, as waiting.
local started, startedScored, wereFiled = {}, {}, {}

-- The view of a job that came in and waits since: cursor, lane entry, and what stands behind that.
local FRESH = '^queued 0 (%S+) (%S+)( .*)$'

-- The last cursor and the lane entry of a job that came in and waits since; and of one that was filed before, which stands in
-- a text, what is behind that.
local function freshOf(view, text)
  if not view then return string.match(text or '', FRESH) end
  if view.status == 'queued' and view.attempt == '0' then return view.cursor, view.entry end
end

-- When it was created, its last cursor, and the rest of its view, of a job that has started; nil when it is left to its holder.
local function startOne(start, entry, key, view, text)
  local head, created, expiry = string.match(entry[2][4] or '', '^(%x+) (%d+) (%d+) ')
  local last, named, rest = freshOf(view, text)
  if not head or named ~= entry[1] or tonumber(expiry) <= nowMs() then return end
  local cursor = cursorAfter(last)
  local at = created > nowText and created or nowText -- as texts of one length; whoever created it may have another clock
  local line = cursor .. ' ' .. start.lead .. at .. start.before .. head .. start.behind
  local went, fits = pcall(write, key .. K.toLedger, 1, 1, line)
  if not (went and fits) then return end
  entry[3] = at
  return created, cursor, rest
end

-- Whoever wrote it may be of another version, and nothing may fail any more when something was written.
local function isComplete(start)
  for _, name in ipairs({ 'breaker', 'lead', 'before', 'behind' }) do
    if type(start[name]) ~= 'string' then return false end
  end
  return true
end

-- Starts those of the jobs that may start.
local function startFirst(start, entries)
  if not isComplete(start) or #started + #entries > MOST_STARTED then return end
  local breaker = start.breaker
  if redis.call('EXISTS', breaker) == 1 then return end
  local keys = {}
  for nth, entry in ipairs(entries) do keys[nth] = K.toView .. entry[2][2] end
  local texts, first = redis.call('MGET', unpack(keys)), #started + 1
  for nth, entry in ipairs(entries) do
    local key = keys[nth]
    local view = views[key]
    local created, cursor, rest = startOne(start, entry, key, view, texts[nth])
    if created then
      local n, w, jobId = #started + 1, #worded, entry[2][2]
      started[n], startedScored[2 * n - 1], startedScored[2 * n] = jobId, created, jobId
      if not begun[key] then wereFiled[#wereFiled + 1] = jobId end
      if view then
        view.status, view.attempt, view.cursor = 'running', '1', cursor
        changed(key)
      else
        worded[w + 1], worded[w + 2] = key, 'running 1 ' .. cursor .. ' ' .. entry[1] .. rest
      end
    end
  end
  if first <= #started then told[#told + 1] = table.concat(started, ' 2 1 ', first) .. ' 2 1' end
end

local function fileStarted()
  if #started == 0 then return end
  enterIndex('running', startedScored)
  local queued = K.toIndex .. 'queued'
  if #wereFiled > 0 then redis.call('ZREM', queued, unpack(wereFiled)) end
end
