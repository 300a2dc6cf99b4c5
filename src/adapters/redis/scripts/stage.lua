-- stage: puts entries of a job that comes from another bus where nobody looks, under the ids that they had there.
--
-- KEYS  1 staged feed (stream)  2 staged whole messages (hash)
-- ARGV  1 how long it may lie there (ms)
--       2.. per entry: id, kind, type, data, field of the whole message ('' = none), the whole message
-- Returns 1
--
-- Invariants: an entry at or below the last one is there already (this is sent again) and is left out; what nobody
-- settles goes away by itself.
local feed, whole = unpack(KEYS)
for i = 2, #ARGV, 6 do
  local added = redis.pcall('XADD', feed, ARGV[i], 'kind', ARGV[i + 1], 'type', ARGV[i + 2], 'data', ARGV[i + 3])
  if added.err and not string.find(added.err, 'equal or smaller', 1, true) then return added end
  if ARGV[i + 4] ~= '' then redis.call('HSET', whole, ARGV[i + 4], ARGV[i + 5]) end
end
redis.call('PEXPIRE', feed, ARGV[1])
redis.call('PEXPIRE', whole, ARGV[1])
return 1
