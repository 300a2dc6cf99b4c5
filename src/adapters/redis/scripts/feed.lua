-- feed: reads on from a cursor, and tells whether something between the cursor and the first entry is no longer kept.
--
-- KEYS  1 feed or fleet (stream)  2 view of the job (hash) and 3 its ledger (list), for a feed
-- ARGV  1 cursor ('' = from the start)  2 how many at most
-- Returns {'1' with a gap, else '0', the entries as of XRANGE}
--
-- Streams lose entries at their head only (trimming), up to all of them. A cursor on the very last trimmed entry counts
-- as a gap: whether it was the last can no longer be told. A stream that is not there was trimmed whole when its job is
-- there, for a job begins with an entry, or when the reader has been given a cursor. A feed that the keeper trimmed
-- (trim.lua) goes on as the events of the ledger, under the ids that the view keeps: a gap for who stands before the
-- last entry that was forgotten.
local stream, view, ledger = unpack(KEYS)
local after, limit = ARGV[1], ARGV[2]
if after == '' then after = '0-0' end
local function isBefore(a, b)
  local aMs, aN = string.match(a, '^(%d+)%-(%d+)$')
  local bMs, bN = string.match(b, '^(%d+)%-(%d+)$')
  aMs, bMs = tonumber(aMs), tonumber(bMs)
  return aMs < bMs or (aMs == bMs and tonumber(aN) < tonumber(bN))
end

local function keptEvents(trimmed)
  local forgotten, packed = string.match(trimmed, '^(%S+) %S+ ?(%S*)$')
  local records = redis.call('LRANGE', ledger, 0, -1)
  local entries, ms, at = {}, 0, 0
  for later, n in string.gmatch(packed, '(-?%d+)-(%d+)') do
    ms, at = ms + tonumber(later), at + 1
    local id = string.format('%.0f-%s', ms, n)
    if isBefore(after, id) and #entries < tonumber(limit) then
      local type = string.match(records[at], '"type":"(%w+)"')
      entries[#entries + 1] = { id, { 'kind', 'event', 'type', type, 'data', records[at] } }
    end
  end
  return { isBefore(after, forgotten) and '1' or '0', entries }
end

local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if not first and redis.call('EXISTS', stream) == 0 then
  local trimmed = view and redis.call('HGET', view, 'trimmed')
  if trimmed then return keptEvents(trimmed) end
  local gone = after ~= '0-0' or (view and redis.call('EXISTS', view) == 1)
  return { gone and '1' or '0', {} }
end

local gap = '0'
if not first or isBefore(after, first[1]) then
  local info = redis.call('XINFO', 'STREAM', stream)
  local facts = {}
  for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
  local lost = (facts['entries-added'] or facts['length']) > facts['length']
  if lost and (first or isBefore(after, facts['last-generated-id'])) then gap = '1' end
end
return { gap, redis.call('XRANGE', stream, '(' .. after, '+', 'COUNT', limit) }
