-- ledger: part of scripts that append to ledgers; not run by itself. What is written for many jobs at once.
--
-- Wants the constants of append.lua.

-- Writes the records behind a ledger of `version` records; false when it has not that many. The push itself tells how many
-- there were: to ask first costs each transition a command, to take back costs only those that come too late.
local function write(ledger, version, count, ...)
  if redis.call('RPUSH', ledger, ...) == version + count then return true end
  redis.call('RPOP', ledger, count)
  return false
end

-- Redis keeps a small sorted set as one text, and walks through it for each change, until it has a member that is too long
-- for that (zset-max-listpack-value, 64 bytes). The index of what runs stays small, and changes twice with each job: it has
-- such a member, before all jobs.
local SPREADING = string.rep('-', 80)

-- Jobs enter the index of a status; `scored` has each behind its creation time, and is not used any more.
local function enterIndex(status, scored)
  if status == 'running' then
    scored[#scored + 1] = '-inf'
    scored[#scored + 1] = SPREADING
  end
  local index = K.toIndex .. status
  redis.call('ZADD', index, unpack(scored))
end

-- Takes entries out of a lane.
local function drop(lane, gone)
  if #gone == 0 then return end
  redis.call('XACK', lane, 'workers', unpack(gone))
  redis.call('XDEL', lane, unpack(gone))
end

-- What the fleet stream is told of, behind what it was: texts of job id, version of the first event and how many, with blanks.
local told = {}

local function announce()
  if #told == 0 then return end
  local events = table.concat(told, ' ')
  redis.call('XADD', K.fleet, 'MAXLEN', '~', K.fleetLength, '*', 'events', events)
  redis.call('PUBLISH', K.fleetBell, events)
end
