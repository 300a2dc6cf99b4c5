-- drop-upkeep: forgets notes that upkeep has seen to.
--
-- KEYS  1 seconds (zset)  2 put off (zset)
-- ARGV  1 what the keys of the lists (of ids) of seconds begin with  2.. per note: its second ('' = it was put off), its place
--       there (or its time, ms, if it was put off), job id
-- Returns 1
--
-- Invariants: what was put off again since stays. A note is at its place or before it, or another process has dropped it:
-- to look for it in the whole list would take long then.
local seconds, putOff = unpack(KEYS)
for i = 2, #ARGV, 3 do
  local second, at, jobId = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  if second == '' then
    if tonumber(redis.call('ZSCORE', putOff, jobId) or '-1') == at then redis.call('ZREM', putOff, jobId) end
  else
    local list = ARGV[1] .. second
    if redis.call('LPOS', list, jobId, 'MAXLEN', at + 1) then redis.call('LREM', list, 1, jobId) end
    if redis.call('EXISTS', list) == 0 then redis.call('ZREM', seconds, second) end
  end
end
return 1
