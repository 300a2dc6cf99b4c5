-- stage: puts what was said in a job that comes from another bus where nobody looks, under the ids that it had there.
--
-- KEYS  1 staged messages and deltas (stream)  2 staged whole messages (hash)
-- ARGV  1 how long it may lie there (ms)
--       2.. per entry: id, kind, type, data, field of the whole message ('' = none), the whole message
-- Returns 1
--
-- Invariants: an entry at or below the last one is there already (this is sent again) and is left out; what nobody
-- settles goes away by itself.
local said, whole = unpack(KEYS)
for i = 2, #ARGV, 6 do
  local added = redis.pcall('XADD', said, ARGV[i], 'kind', ARGV[i + 1], 'type', ARGV[i + 2], 'data', ARGV[i + 3])
  if added.err and not string.find(added.err, 'equal or smaller', 1, true) then return added end
  if ARGV[i + 4] ~= '' then redis.call('HSET', whole, ARGV[i + 4], ARGV[i + 5]) end
end
redis.call('PEXPIRE', said, ARGV[1])
redis.call('PEXPIRE', whole, ARGV[1])
return 1
