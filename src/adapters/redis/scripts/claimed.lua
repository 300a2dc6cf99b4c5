-- claimed: part of scripts that claim; not run by itself. What a call has claimed is kept while its answer may be asked for
-- again, in words: of each entry its id, with '=' and the time if its job has started, blanks between them.

local function inWords(entries)
  local words = {}
  for nth, entry in ipairs(entries) do words[nth] = entry[3] and entry[1] .. '=' .. entry[3] or entry[1] end
  return table.concat(words, ' ')
end

-- Those of the entries that are still held as they were claimed.
local function stillHeld(lane, worker, words)
  local entries = {}
  for id, at in string.gmatch(words, '(%d+%-%d+)=?(%d*)') do
    local held = redis.pcall('XPENDING', lane, 'workers', id, id, 1, worker)
    local entry = redis.pcall('XRANGE', lane, id, id)[1]
    if entry and held[1] and held[1][4] == 1 then
      if at ~= '' then entry[3] = at end
      entries[#entries + 1] = entry
    end
  end
  return entries
end
