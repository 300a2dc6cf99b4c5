-- now: part of scripts that need the time or give out cursors; not run by itself. Time stands still within a script.
--
-- Invariant: in a feed each cursor is greater than all before it, also when the clock of Redis was set back.
local now
local function nowMs()
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return now
end

local function isBefore(a, b)
  local aMs, aN = string.match(a, '^(%d+)%-(%d+)$')
  local bMs, bN = string.match(b, '^(%d+)%-(%d+)$')
  aMs, bMs = tonumber(aMs), tonumber(bMs)
  return aMs < bMs or (aMs == bMs and tonumber(aN) < tonumber(bN))
end

-- The later one of two cursors, each of which may be missing.
local function laterOf(a, b)
  if not (a and b) then return a or b end
  return isBefore(a, b) and b or a
end

-- The next cursor of a feed whose last one is `last`; false for none yet.
local nowText, cursorsAfter = nil, {}
local function cursorAfter(last)
  nowText = nowText or string.format('%.0f', nowMs())
  -- Numbers of one length stand in the order of their digits: 45 is the dash behind them.
  if not last or (string.byte(last, #nowText + 1) == 45 and last < nowText) then return nowText .. '-0' end
  local after = cursorsAfter[last] -- many jobs of a call have the same
  if not after then
    local ms, n = string.match(last, '^(%d+)%-(%d+)$')
    after = tonumber(ms) < nowMs() and nowText .. '-0' or string.format('%s-%.0f', ms, n + 1)
    cursorsAfter[last] = after
  end
  return after
end
