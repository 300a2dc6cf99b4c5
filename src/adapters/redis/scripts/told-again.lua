-- told-again: part of scripts that claim; not run by itself. What a call has claimed is told again, as far as it is still
-- held, when its answer or its message was lost.
--
-- Wants the constants of append.lua, and views.lua before it.

-- When the first attempt of a job started, in the text of its record; nil when it has not.
local function startedAt(jobId)
  local view = K.toView .. jobId
  if viewAt(view).status ~= 'running' then return end
  local ledger = view .. K.toLedger
  return string.match(redis.call('LINDEX', ledger, 1) or '', '^%S+ {"at":(%d+),')
end

-- Those of the entries that are still held as they were claimed.
local function stillHeld(lane, worker, ids)
  local entries = {}
  for id in string.gmatch(ids, '%S+') do
    local held = redis.pcall('XPENDING', lane, 'workers', id, id, 1, worker)
    local entry = redis.pcall('XRANGE', lane, id, id)[1]
    if entry and held[1] and held[1][4] == 1 then
      entry[3] = startedAt(entry[2][2])
      entries[#entries + 1] = entry
    end
  end
  return entries
end
