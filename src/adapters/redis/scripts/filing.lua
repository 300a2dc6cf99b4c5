-- filing: part of append.lua; not run by itself. In which lists and indices jobs stand: one command for all those of a group
-- that were appended.

-- What jobs are filed by, without those that have started meanwhile.
local function withoutStarted(ids, scored, due)
  if #started == 0 then return scored, due end
  local has, leftScored, leftDue = {}, {}, {}
  for _, jobId in ipairs(started) do has[jobId] = true end
  for nth, jobId in ipairs(ids) do
    if not has[jobId] then
      local n = #leftScored
      leftScored[n + 1], leftScored[n + 2] = scored[2 * nth - 1], jobId
      leftDue[n + 1], leftDue[n + 2] = due[2 * nth - 1], jobId
    end
  end
  return leftScored, leftDue
end

-- Notes down when upkeep must look at jobs; `due` has each behind the second.
local function noteUpkeep(due)
  local lists, seconds = {}, {}
  for n = 1, #due, 2 do
    local second = due[n]
    local ids = lists[second]
    if not ids then
      ids = {}
      lists[second] = ids
      seconds[#seconds + 1] = second
      seconds[#seconds + 1] = second
    end
    ids[#ids + 1] = due[n + 1]
  end
  for second, ids in pairs(lists) do
    local list = K.toDue .. second
    redis.call('RPUSH', list, unpack(ids))
  end
  redis.call('ZADD', K.dueSeconds, unpack(seconds))
end

-- New jobs that have started are left to `fileStarted`.
local function file(group, ids, scored, due)
  if #ids == 0 then return end
  if group.isNew then
    redis.call('ZADD', K.jobs, unpack(scored))
    scored, due = withoutStarted(ids, scored, due)
    if #scored == 0 then return end
  end
  if group.enter then enterIndex(group.enter, scored) end
  if group.left then
    local index = K.toIndex .. group.left
    redis.call('ZREM', index, unpack(ids))
  end
  if group.upkeep then noteUpkeep(due) end
end
