-- feed: reads on from a cursor, and tells whether something between the cursor and the first entry is no longer kept.
--
-- KEYS  1 feed or fleet (stream)
-- ARGV  1 cursor ('' = from the start)  2 how many at most
-- Returns {'1' with a gap, else '0', the entries as of XRANGE}
--
-- Streams lose entries at their head only (trimming). A cursor on the very last trimmed entry counts as a gap: whether
-- it was the last can no longer be told.
local stream, after, limit = KEYS[1], ARGV[1], ARGV[2]
local function parts(id)
  local ms, n = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(n)
end

local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if not first then return { '0', {} } end

local behind = true
if after ~= '' then
  local afterMs, afterN = parts(after)
  local firstMs, firstN = parts(first[1])
  behind = afterMs < firstMs or (afterMs == firstMs and afterN < firstN)
end
local gap = '0'
if behind then
  local info = redis.call('XINFO', 'STREAM', stream)
  local facts = {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  if (facts['entries-added'] or facts['length']) > facts['length'] then gap = '1' end
end
local from = '-'
if after ~= '' then from = '(' .. after end
return { gap, redis.call('XRANGE', stream, from, '+', 'COUNT', limit) }
