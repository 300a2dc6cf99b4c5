-- claimed: part of scripts that claim; not run by itself. What a call has claimed is kept while its answer may be asked for
-- again: the ids of the entries, blanks between them.

local function idsOf(entries)
  local ids = {}
  for nth, entry in ipairs(entries) do ids[nth] = entry[1] end
  return table.concat(ids, ' ')
end
