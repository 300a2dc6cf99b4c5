-- next: part of append.lua; not run by itself. Entries for the slots that ends have freed are claimed when all that the call
-- asks for is written; and first attempts start with that.
--
-- Invariants: idle workers who wait come first. What was claimed is kept while the call may be sent again: it has the same
-- answer then.

local function claimFor(group)
  local lane = K.toLane .. group.lane
  if not group.nextFor or group.appended == 0 then return {} end
  local entries = readNew(lane, group.nextFor, group.appended) or {}
  if group.start and #entries > 0 then startFirst(group.start, entries) end
  return entries
end

local function claimedAtFirst(kept)
  local claimed = {}
  for which, ids in string.gmatch(kept, '(%d+):([^;]*)') do
    local group = groups[tonumber(which)]
    claimed[tonumber(which)] = group.nextFor and stillHeld(K.toLane .. group.lane, group.nextFor, ids) or {}
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
    claimed[which] = claimFor(group)
    any = any or #claimed[which] > 0
    named[which] = which .. ':' .. idsOf(claimed[which])
  end
  if any then redis.call('SET', keptAt, table.concat(named, ';'), 'PX', K.claimedMs) end
  return claimed, any
end
